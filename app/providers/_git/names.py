"""What others call repositories, branches and files, before it may stand in an address.

Whoever asks chooses these names. One that would climb out of its place in a path is refused here; all else is percent-encoded, so
that it stays one segment.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

_LONGEST_PATH = 3000
_LONGEST_REF = 1000
_DOTS = frozenset({"", ".", ".."})
# What git-check-ref-format(1) refuses.
_NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^/|/$|^-|\.$|(?:^|/)\.|\.lock(?:/|$)|^@$")
# Controls and lone surrogates.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_WORTH_SEARCHING = 200
# A character is written as four bytes at most, and each of them as three letters.
_LONGEST_WRITTEN = 12


def is_path(text: str) -> bool:
    """Whether the text can be the path of a file or a directory, from the root, without a slash at either end."""
    return _is_plain(text, _LONGEST_PATH) and not any(segment in _DOTS for segment in text.split("/"))


def is_ref(text: str) -> bool:
    """Whether the text can name a branch, a tag or a commit."""
    return bool(text) and _is_plain(text, _LONGEST_REF) and not _NO_REF.search(text)


def address(api: str, segments: Sequence[str], query: Mapping[str, str] | None = None) -> str:
    """Return the address below the API that the segments name; each stays one segment, whatever is in it.

    Raises ValueError where one is empty or of dots alone.
    """
    if any(segment in _DOTS for segment in segments):
        raise ValueError("a segment of a path would climb")
    path = "/".join(quote(segment, safe="") for segment in segments)
    return f"{api}/{path}?{urlencode(query)}" if query else f"{api}/{path}"


def clean_search(text: str) -> str:
    """Return what is looked for without what no name has: controls, lone surrogates, spaces around it."""
    return " ".join(_UNFIT.sub(" ", text).split())[:_WORTH_SEARCHING]


def _is_plain(text: str, longest: int) -> bool:
    # Lists have thousands of names: most of them would be short enough whatever is in them.
    is_short = len(text) * _LONGEST_WRITTEN <= longest
    return len(text) <= longest and not _UNFIT.search(text) and (is_short or len(quote(text, safe="")) <= longest)
