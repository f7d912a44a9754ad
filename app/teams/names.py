"""Names that people type for themselves, their teams and their tokens."""

import unicodedata
from collections.abc import Sequence

from app.errors import Refusal, UserErrorCode
from app.teams.email_addresses import LONGEST_EMAIL, spell
from app.text.characters import describe_unseen

LONGEST_NAME = 200

# A text of marks takes time by the square of its length to be normalised, so what is too long is refused as it came.
_COMPOSED_OF = 4


def check_name(text: str, *, field: Sequence[str] = ("name",)) -> str:
    """Return the name without blanks around it. Raises Refusal INVALID unless it has 1 to 200 characters, each of them seen."""
    if len(text) > LONGEST_NAME * _COMPOSED_OF:
        raise _not_a_name(field)
    name = unicodedata.normalize("NFC", check_seen(text, field=field).strip())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise _not_a_name(field)
    return name


def check_email(text: str, *, field: Sequence[str] = ("email",)) -> str:
    """Return the address in the one spelling by which members are known (see `spell`).

    Raises Refusal INVALID for what has not the shape name@host. Whether it takes mail is not asked.
    """
    if len(text) > LONGEST_EMAIL * _COMPOSED_OF:
        raise Refusal(UserErrorCode.INVALID, f"An e-mail address has at most {LONGEST_EMAIL} characters.", field=field)
    email = spell(check_seen(text, field=field))
    if email is None:
        raise Refusal(UserErrorCode.INVALID, "An e-mail address looks like name@example.com.", field=field)
    return email


def check_seen(text: str, *, field: Sequence[str]) -> str:
    """Return the text as it is. Raises Refusal INVALID, which says which, where it has a character that nobody sees."""
    unseen = describe_unseen(text)
    if unseen is not None:
        message = f"This has the character {unseen}, which nobody sees: leave it out."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    return text


def _not_a_name(field: Sequence[str]) -> Refusal:
    return Refusal(UserErrorCode.INVALID, f"A name has 1 to {LONGEST_NAME} characters.", field=field)
