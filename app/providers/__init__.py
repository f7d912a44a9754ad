"""The providers, a folder each; `description.py`, `contract.py` and `hosting.py` are what the rest may know of them."""
