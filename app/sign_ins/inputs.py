"""Which sign-in a member means."""

from collections.abc import Sequence
from uuid import UUID

from app.errors import Refusal, UserErrorCode
from app.graphql.ids import decode_id


def key_of_sign_in(id: str, *, field: Sequence[str]) -> UUID:
    """Return the row's key in a sign-in's global id. Raises NOT_FOUND for any other text, as for what is not there."""
    key = decode_id(id, "Authorization")
    if key is None:
        raise no_such_sign_in(field=field)
    return key


def no_such_sign_in(*, field: Sequence[str]) -> Refusal:
    """Return the refusal for what is no sign-in of the caller's: another member's and another team's look alike."""
    return Refusal(UserErrorCode.NOT_FOUND, "You have no such sign-in.", field=field)
