"""API objects made of what they show: a row, or what a provider has answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast
from uuid import UUID

import strawberry

from app.graphql.context import Batch, Context
from app.graphql.ids import encode_id

T = TypeVar("T")
R = TypeVar("R")


def object_of(cls: type[T], source: Any, **given: object) -> T:
    """Return the object whose fields are those `given`, and for the rest what `source` has under the same names.

    `row` is the source itself, and `id` is made of the type's name and the row's key. What the source calls otherwise can stand
    in the type's `__called__`: its own name, and the source's. Each is taken when it is looked at.
    """
    made: Any = object.__new__(_shown(cast(Any, cls)))
    made.__dict__ = {"row": source, **given}
    return cast(T, made)


def objects_by_id(of: Callable[[R], T], load: Batch[UUID, R | None]) -> Batch[UUID, T | None]:
    """Return the batch function that makes an object `of` each row that `load` finds; None where it finds none."""

    async def batch(keys: Sequence[UUID], /, *, context: Context) -> list[T | None]:
        return [of(row) if row is not None else None for row in await load(keys, context=context)]

    return batch


@cache
def _shown(cls: Any) -> type:
    """Return the same type, whose objects take from their row what they were not given."""
    called: Mapping[str, str] = getattr(cls, "__called__", {})
    names = [field.name for field in fields(cls) if field.init and field.name != "row"]
    return type(cls.__name__, (cls,), {name: _Taken(name, _way(name, called.get(name, name), cls)) for name in names})


def _way(name: str, called: str, cls: type) -> Callable[[Any], Any]:
    if name == "id":
        kind = cls.__name__
        return lambda row: strawberry.ID(encode_id(kind, row.id))
    return attrgetter(called)


class _Taken:
    """A field that is taken from the object's row, once."""

    def __init__(self, name: str, take: Callable[[Any], Any]) -> None:
        self._name = name
        self._take = take

    def __get__(self, shown: Any, _: type) -> Any:
        if shown is None:
            return self
        own = shown.__dict__
        value = own[self._name] = self._take(own["row"])
        return value
