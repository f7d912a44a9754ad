"""Checks of the values that members write into the inputs of mutations."""

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar
from uuid import UUID

import strawberry

from app.errors import Refusal, UserErrorCode
from app.graphql.ids import decode_id

T = TypeVar("T")

NOT_THERE = "Your team has nothing with this id; it may have been deleted."


class Keep(Enum):
    """Of an edit that can also clear: what is left as it is."""

    KEEP = "KEEP"


def key_of(id: str, type_name: str, *, field: Sequence[str], message: str = NOT_THERE) -> UUID:
    """Return the row's key in a global id. Raises NOT_FOUND for any other text: no such thing can be the team's."""
    key = decode_id(id, type_name)
    if key is None:
        raise not_found(field=field, message=message)
    return key


def not_found(*, field: Sequence[str], message: str = NOT_THERE) -> Refusal:
    """Return the refusal for what is not there, was deleted, or is another team's: all three look alike."""
    return Refusal(UserErrorCode.NOT_FOUND, message, field=field)


def chosen(value: T | None) -> T | None:
    """Return the one member of a `@oneOf` input that was given; None for the others."""
    return None if value is strawberry.UNSET else value


def given(value: T | None, *, field: Sequence[str]) -> T | None:
    """Return what an edit sets, None where it was left out. Raises INVALID for null, which would clear what cannot be empty."""
    if value is strawberry.UNSET:
        return None
    if value is None:
        raise Refusal(UserErrorCode.INVALID, "This cannot be null: leave it out to keep it as it is.", field=field)
    return value


def given_or_cleared(value: T | None) -> T | Keep | None:
    """Return what an edit sets, KEEP where it was left out, None for null, which clears what may be empty."""
    return Keep.KEEP if value is strawberry.UNSET else value
