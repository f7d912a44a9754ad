"""Cursors: a place in a list, in text that is opaque for clients."""

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import ValidationError
from tortoise.models import Model

from app.errors import BadUserInput
from app.graphql.ids import decode_key, encode_key

_KIND = "Cursor"
_encode = json.JSONEncoder(separators=(",", ":")).encode
_LARGEST_INTEGER = 2**63 - 1


class Cursors(Protocol):
    """How positions in a list are written."""

    def write(self, position: Sequence[Any]) -> str:
        """Return the cursor of the row whose ordering columns have these values."""

    def read(self, cursor: str) -> Sequence[Any]:
        """Return what `write` was given. Raises BadUserInput (or CursorInvalid) for any other text."""


class ColumnCursors:
    """Cursors of a table in a certain order; those of another table or order, which have another `number`, are not taken."""

    def __init__(self, model: type[Model], order: Sequence[str]) -> None:
        self._columns = [model._meta.fields_map[name.lstrip("-")] for name in order]  # noqa: SLF001 - Tortoise's own way
        self.number = zlib.crc32(f"{model._meta.db_table} {' '.join(order)}".encode())  # noqa: SLF001 - as above

    def write(self, position: Sequence[Any]) -> str:
        return write_position([self.number, *(_to_json(value) for value in position)])

    def read(self, cursor: str) -> Sequence[Any]:
        position = read_position(cursor)
        if len(position) != len(self._columns) + 1 or position[0] != self.number:
            raise BadUserInput(NO_CURSOR)
        return [_from_json(column, value) for column, value in zip(self._columns, position[1:], strict=True)]


NO_CURSOR = "`after` and `before` take cursors that this list gave out."


def write_position(position: Sequence[str | int | None]) -> str:
    """Return an opaque text for some plain values."""
    return encode_key(_KIND, _encode(list(position)))


def read_position(cursor: str) -> list[Any]:
    """Return what `write_position` was given. Raises BadUserInput for any other text."""
    text = decode_key(cursor, _KIND)
    try:
        position = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        position = None
    if not isinstance(position, list) or not all(_is_plain(value) for value in position):
        raise BadUserInput(NO_CURSOR)
    return position


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_plain(value: object) -> bool:
    match value:
        case None:
            return True
        case str():
            return "\0" not in value and _is_unicode(value)
        case bool():
            return False
        case int():
            return abs(value) <= _LARGEST_INTEGER
        case _:
            return False


def _to_json(value: Any) -> str | int:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return value.hex
        case str() | int():
            return value
        case _:
            raise TypeError(f"{type(value).__name__} cannot be ordered by.")


def _from_json(column: fields.Field[Any], value: Any) -> Any:
    try:
        match column, value:
            case fields.DatetimeField(), str() if (moment := datetime.fromisoformat(value)).tzinfo is not None:
                return moment.astimezone(UTC)
            case fields.UUIDField(), str():
                return UUID(hex=value)
            case fields.IntField(), int() if column.constraints["ge"] <= value <= column.constraints["le"]:
                return value
            case ((fields.CharField() | fields.TextField()), str()):
                column.validate(value)
                return value
    except (ValueError, OverflowError, ValidationError):  # in UTC a moment can lie outside the years that there are
        pass
    raise BadUserInput(NO_CURSOR)
