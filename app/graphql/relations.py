"""Relations that are read for all objects of a level at once: an attribute, and the batch function that takes it for a key.

A field that needs more than that, an argument or a word of its own, is a function below `fields.relation`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import strawberry
from strawberry.utils.await_maybe import await_maybe

from app.access.rules import READING, Rule, declared
from app.graphql.connections import Arguments, connections_of
from app.graphql.context import Batch, Info
from app.graphql.execution.levels.objects import Some
from app.graphql.execution.levels.sources import TOGETHER, Together, read_of
from app.graphql.fields import NO_LIST, check_page, let, spread
from app.graphql.joins import Join
from app.graphql.objects import ROW, Showing
from app.graphql.pages_of_each import PagesOfEach
from app.graphql.rows import Rows
from app.graphql.shown import FOUND_BY, JOINED_BY, columns_shown, shows_cursors

_FILTER = "filter"


@dataclass(frozen=True)
class Narrowing:
    """How a list is narrowed: the type of the argument `filter`, and the batch function for what was given as that.

    For equal filters it is one and the same function: what it is asked for is asked together.
    """

    argument: Any
    batch: Callable[[Any], Batch[Any, Any]]


def reference(
    batch: Batch[Any, Any],
    of: Callable[[Any], Any],
    *,
    by: str,
    description: str,
    missing: Callable[[], Exception] | None = None,
    rule: Rule = READING,
    size: Mapping[str, Any] = NO_LIST,
    type: Any = None,
) -> Any:
    """Return the field of what an object refers to: `of` makes it of what `batch` finds for the object's attribute `by`.

    It is null where that is None or nothing is found; or the error that `missing` makes. A dot leads on within the attribute.
    `type` is the field's type in the schema, where none is annotated.
    """
    join = _finding_join(batch, of, by)

    def together(roots: Sequence[Any], info: Info, _: Mapping[str, Any]) -> Any:
        let(info, rule)
        read = read_of(roots)
        way = join() if join is not None else None
        joined = way.find(read(ROW), team_id=info.context.viewer.team_id) if way is not None else None
        return load(read(by), info) if joined is None else _met(*joined, len(roots), of, missing)

    async def load(keys: Sequence[Any], info: Info) -> Sequence[Any]:
        asked = [key for key in dict.fromkeys(keys) if key is not None]
        values = await info.context.load_all(reading_shown(batch, info), asked)
        found = {key: value for key, value in zip(asked, values, strict=True) if value is not None}
        if isinstance(of, Showing) and missing is None and _are_alike(found.values()):
            return _shown(keys, found, of)
        made = {key: of(value) for key, value in found.items()}
        return [made[key] if key in made else missing() if missing is not None else None for key in keys]

    async def resolve(root: Any, info: Info) -> Any:
        return _alone(await await_maybe(together([root], info, {})))

    return _field(resolve, together, by=by, description=description, rule=rule, size=size, type=type, join=join)


def pages(
    batch: Batch[Any, Any],
    of: type[Any],
    wrap: Callable[[Any], Any],
    *,
    by: str,
    description: str,
    rule: Rule = READING,
    type: Any = None,
    narrowed: Narrowing | None = None,
) -> Any:
    """Return the field of an object's list, in pages: a connection `of` the page that `batch` finds for `by` and the Arguments.

    `wrap` makes its nodes of rows. `type` is the field's type in the schema, where none is annotated. Where the list is
    `narrowed`, it has an argument `filter`.
    """

    async def together(roots: Sequence[Any], info: Info, arguments: Mapping[str, Any]) -> Sequence[Any]:
        let(info, rule)
        parts = dict(arguments)
        by_filter = parts.pop(_FILTER, None)
        page = check_page(parts)
        read = reading_shown(batch, info) if narrowed is None or by_filter is None else narrowed.batch(by_filter)
        found = await info.context.load_all(read, [(key, page) for key in read_of(roots)(by)])
        return connections_of(of, found, wrap)

    async def resolve(root: Any, info: Info, **arguments: Arguments) -> Any:
        return _alone(await together([root], info, arguments))

    async def resolve_narrowed(root: Any, info: Info, *, filter: Any = None, **arguments: Arguments) -> Any:
        return _alone(await together([root], info, {_FILTER: filter, **arguments}))

    if narrowed is not None:
        resolve_narrowed.__annotations__[_FILTER] = narrowed.argument
    resolver = resolve if narrowed is None else resolve_narrowed
    return _field(resolver, together, by=by, description=description, rule=rule, type=type)


def derived(of: Callable[[Any], Any], *, by: str, description: str, rule: Rule = READING) -> Any:
    """Return the field of what `of` makes of the object's attribute `by`, and of nothing else."""

    def together(roots: Sequence[Any], info: Info, _: Mapping[str, Any]) -> list[Any]:
        let(info, rule)
        keys = [*read_of(roots)(by)]
        made = {key: of(key) for key in set(keys)}
        return [made[key] for key in keys]

    def resolve(root: Any, info: Info) -> Any:
        return _alone(together([root], info, {}))

    return _field(resolve, together, by=by, description=description, rule=rule)


def reading_shown(batch: Batch[Any, Any], info: Info) -> Batch[Any, Any]:
    """Return what reads no other columns than are shown, where the batch function can do that: `of` looks at no others."""
    if isinstance(batch, PagesOfEach):
        return batch.of_columns(columns_shown(info, batch.model), with_cursors=shows_cursors(info))
    return batch.of_columns(columns_shown(info, batch.model)) if isinstance(batch, Rows) else batch


def _finding_join(batch: Batch[Any, Any], of: Callable[[Any], Any], by: str) -> Callable[[], Join | None] | None:
    """Return what tells how the rows are joined, once the models are known; None where none are read, or more than shown."""
    column = by.removeprefix(f"{ROW}.")
    return cache(lambda: batch.join_by(column)) if isinstance(batch, Rows) and isinstance(of, Showing) and column != by else None


def _met(
    rows: Sequence[Any], places: Sequence[int], count: int, of: Any, missing: Callable[[], Exception] | None
) -> Sequence[Any]:
    """Return the objects of joined rows, at the places where there are any of so many."""
    met = _placed(of.each(rows), places, count)
    if missing is None or len(places) == count:
        return met
    return [missing() if each is None else each for each in met[:]]


def _are_alike(values: Collection[Any]) -> bool:
    return len(set(map(type, values))) == 1


def _shown(keys: Sequence[Any], found: Mapping[Any, Any], of: Showing[Any, Any]) -> Sequence[Any]:
    """Return the objects of what was found, which is of one kind, for each of the keys; None where nothing was."""
    places = [place for place, key in enumerate(keys) if key in found]
    return _placed(of.each([found[keys[place]] for place in places]), places, len(keys))


def _placed(objects: Sequence[Any], places: Sequence[int], count: int) -> Sequence[Any]:
    """Return the objects at these places among so many; None at the others."""
    return objects if len(places) == count else Some(objects, places, count)


def _alone(values: Sequence[Any]) -> Any:
    [value] = values
    if isinstance(value, Exception):
        raise value
    return value


def _field(
    resolve: Callable[..., Any],
    together: Together,
    *,
    by: str,
    description: str,
    rule: Rule,
    size: Mapping[str, Any] = NO_LIST,
    type: Any = None,
    join: Callable[[], Join | None] | None = None,
) -> Any:
    return strawberry.field(
        spread(resolve),
        description=description,
        graphql_type=type,
        metadata={**declared(rule), **size, TOGETHER: together, FOUND_BY: by, JOINED_BY: join},
    )
