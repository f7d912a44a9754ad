"""The error codes of OAuth's answers (RFC 6749, section 5.2), sorted once and said to a person."""

import re
from collections.abc import Mapping

from app.providers.contract import Failure, Fault

# Words joined by underscores, each short: nothing of this shape is a token, a secret or a code that was sent along.
_CODE = re.compile(r"[a-z]{1,20}(?:_[a-z0-9]{1,20}){0,6}")


def sort_error(code: str, meanings: Mapping[str, tuple[Fault, str]], *, server: str) -> Failure:
    """Turn an error code into a failure. An unknown one is REFUSED, and shown only where it looks like a code."""
    if not _CODE.fullmatch(code):
        return Failure(Fault.REFUSED, f"{server} refused, in words that are no error code of its own.")
    fault, message = meanings.get(code, (Fault.REFUSED, f"{server} refused"))
    return Failure(fault, f"{message[0].upper()}{message[1:]} ({code}).")
