"""Single mistakes that a developer could make, and for each the tests that notice it.

The lists are the `.txt` files of this folder. A fault is a paragraph: what is wrong, the file, the old text behind `- `, the
new one behind `+ ` (none: the old text is left out), and behind `> ` each test that must turn red; it stands for all of its
parameters. A line that begins with `#` is a remark. `python -m tests.planted WORD…` plants those that hold every word.
"""
