"""What people type to name themselves, their teams and their tokens."""

import re
import unicodedata
from collections.abc import Sequence

from app.errors import Refusal, UserErrorCode

LONGEST_NAME = 200
LONGEST_EMAIL = 254

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# Controls and lone surrogates (no database takes them), and what turns the direction of the text around it.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def check_name(text: str, *, field: Sequence[str] = ("name",)) -> str:
    """Return the name without blanks around it. Raises Refusal INVALID unless it has 1 to 200 characters and no controls."""
    name = unicodedata.normalize("NFC", text.strip()) if not _UNFIT.search(text) else ""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Refusal(
            UserErrorCode.INVALID, f"A name has 1 to {LONGEST_NAME} characters, and no control characters.", field=field
        )
    return name


def check_email(text: str, *, field: Sequence[str] = ("email",)) -> str:
    """Return the address in the one spelling by which members are known: no blanks around it, case folded.

    Raises Refusal INVALID for what has not the shape name@host. Whether it takes mail is not asked.
    """
    email = unicodedata.normalize("NFC", text.strip().casefold())
    if _UNFIT.search(email) or len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise Refusal(UserErrorCode.INVALID, "An e-mail address looks like name@example.com.", field=field)
    return email
