"""Which sign-in a member means."""

from collections.abc import Sequence
from uuid import UUID

from app.errors import Refusal
from app.graphql.inputs import key_of, not_found

_NO_SUCH_SIGN_IN = "You have no such sign-in."


def key_of_sign_in(id: str, *, field: Sequence[str]) -> UUID:
    """Return the row's key in a sign-in's global id. Raises NOT_FOUND for any other text, as for what is not there."""
    return key_of(id, "Authorization", field=field, message=_NO_SUCH_SIGN_IN)


def no_such_sign_in(*, field: Sequence[str]) -> Refusal:
    """Return the refusal for what is no sign-in of the caller's: another member's and another team's look alike."""
    return not_found(field=field, message=_NO_SUCH_SIGN_IN)
