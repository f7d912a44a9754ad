"""Rows as the driver gives them, with a model's own words: nothing of a row is made into anything before it is asked for."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from types import FunctionType
from typing import Any, TypeAlias
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

Convert: TypeAlias = Callable[[Any], Any]


class Record:
    """A row that was read to be shown: it has the columns that were read, and what its model makes of them. It is not saved."""

    __slots__ = ("values",)
    columns: Sequence[str] = ()

    def __init__(self, values: Any) -> None:
        self.values = values


@cache
def record_of(model: type[Model], columns: tuple[str, ...], *, embedded: bool) -> type[Record]:
    """Return the class of such rows of the model; `embedded`: as SQLite gives them, which knows text and numbers alone."""
    own = {name: value for name, value in vars(model).items() if _is_own(value, model)}
    read = {name: property(_reading(model, name, place, embedded=embedded)) for place, name in enumerate(columns)}
    return type(model.__name__, (Record,), {"__slots__": (), "columns": columns, **own, **read})


def columns_of(model: type[Model]) -> tuple[str, ...]:
    """Return the names of all columns of the model, as its rows call them."""
    return tuple(model._meta.fields_db_projection)  # noqa: SLF001 - Tortoise's own way


def _is_own(value: object, model: type[Model]) -> bool:
    made = value.fget if isinstance(value, property) else value
    return isinstance(made, FunctionType) and made.__module__ == model.__module__


def _reading(model: type[Model], name: str, place: int, *, embedded: bool) -> Callable[[Record], Any]:
    convert = _conversion(_column(model, name), embedded=embedded)
    if convert is None:
        return lambda record: record.values[place]

    def read(record: Record) -> Any:
        value = record.values[place]
        return None if value is None else convert(value)

    return read


def _column(model: Any, name: str) -> fields.Field[Any]:
    """Return the column of that name; `__` leads on to that of a related row."""
    first, _, rest = name.partition("__")
    column: Any = model._meta.fields_map[first]  # noqa: SLF001 - as above
    return _column(column.related_model, rest) if rest else column


def _conversion(column: fields.Field[Any], *, embedded: bool) -> Convert | None:
    """Return what makes a value of what the driver gives; None where that is the value."""
    kind: Any = getattr(column, "enum_type", None)
    if kind is not None:
        members: dict[Any, Enum] = {member.value: member for member in kind}
        return members.__getitem__
    if not embedded:
        return None
    match column:
        case fields.UUIDField():
            return UUID
        case fields.DatetimeField():
            return datetime.fromisoformat
        case fields.BooleanField():
            return bool
    return None
