"""What stands in the API's opaque texts. A checker may look into them; clients may not."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from app.errors import BadUserInput
from app.graphql.cursors import read_position
from app.graphql.ids import decode_id, type_of

_NO_ID = frozenset({" ", ":", "“"})


@lru_cache(maxsize=200_000)
def key_of(id: str) -> str:
    """Return the row's UUID; the text itself where it is no id of a row."""
    kind = type_of(id) if not _NO_ID & set(id) else None
    key = decode_id(id, kind) if kind is not None else None
    return str(key) if key is not None else id


@lru_cache(maxsize=200_000)
def place_of(cursor: str) -> tuple[str, int] | None:
    """Return the team's UUID and the number in its log; None for what is no cursor of a log."""
    try:
        position: list[Any] = read_position(cursor)
    except BadUserInput:
        return None
    match position:
        case ["log", str() as team, int() as number]:
            return str(UUID(hex=team)), number
        case _:
            return None


def number_of(cursor: str) -> int:
    place = place_of(cursor)
    assert place is not None, cursor
    return place[1]
