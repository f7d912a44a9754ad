"""API objects made of what they show: a row, or what a provider has answered."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

import strawberry

from app.graphql.context import Batch, Context
from app.graphql.ids import encode_id

T = TypeVar("T")
R = TypeVar("R")


def object_of(cls: type[T], source: Any, **given: object) -> T:
    """Return the object whose fields are those `given`, and for the rest what `source` has under the same names.

    `row` is the source itself, and `id` is made of the type's name and the row's key.
    """
    taken = {name: _take(name, source, cls) for name in _names(cast(Any, cls)) if name not in given}
    return cls(**taken, **given)


def objects_by_id(of: Callable[[R], T], load: Batch[UUID, R | None]) -> Batch[UUID, T | None]:
    """Return the batch function that makes an object `of` each row that `load` finds; None where it finds none."""

    async def batch(keys: Sequence[UUID], /, *, context: Context) -> list[T | None]:
        return [of(row) if row is not None else None for row in await load(keys, context=context)]

    return batch


def _take(name: str, source: Any, cls: type) -> object:
    match name:
        case "row":
            return source
        case "id":
            return strawberry.ID(encode_id(cls.__name__, source.id))
        case _:
            return getattr(source, name)


@cache
def _names(cls: Any) -> list[str]:
    return [field.name for field in fields(cls) if field.init]
