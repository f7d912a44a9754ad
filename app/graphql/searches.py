"""Search texts, as clients write them."""

import re

from app.errors import BadUserInput

LONGEST_SEARCH = 1024

# Controls, and lone surrogates, which no database and no address takes.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_search(text: str | None) -> str | None:
    """Return what is searched for; None for everything. Raises BadUserInput, which names the bound, for what no name can have."""
    if not text:
        return None
    if len(text) > LONGEST_SEARCH or _UNFIT.search(text):
        raise BadUserInput(f"`search` has at most {LONGEST_SEARCH:,} characters, and no control characters.")
    return text
