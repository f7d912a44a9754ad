"""Relations that are read for all objects of a level at once: an attribute, and the batch function that takes it for a key.

A field that needs more than that, an argument or a word of its own, is a function below `fields.relation`.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import strawberry

from app.access.rules import READING, Rule, declared
from app.graphql.connections import Arguments
from app.graphql.context import Batch, Info
from app.graphql.execution.levels.sources import TOGETHER, Together
from app.graphql.fields import NO_LIST, check_page, let, spread


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
    key_of = attrgetter(by)

    async def together(roots: Sequence[Any], info: Info, _: Mapping[str, Any]) -> list[Any]:
        let(info, rule)
        keys = [key_of(root) for root in roots]
        asked = list(dict.fromkeys(key for key in keys if key is not None))
        found = zip(asked, await info.context.load_all(batch, asked), strict=True)
        made = {key: of(value) for key, value in found if value is not None}
        return [made[key] if key in made else missing() if missing is not None else None for key in keys]

    async def resolve(root: Any, info: Info) -> Any:
        return _alone(await together([root], info, {}))

    return _field(resolve, together, description=description, rule=rule, size=size, type=type)


def pages(
    batch: Batch[Any, Any],
    of: Callable[[Any], Any],
    *,
    by: str,
    description: str,
    rule: Rule = READING,
    type: Any = None,
) -> Any:
    """Return the field of an object's list, in pages: `of` makes it of the page that `batch` finds for `by` and the Arguments.

    `type` is the field's type in the schema, where none is annotated.
    """
    key_of = attrgetter(by)

    async def together(roots: Sequence[Any], info: Info, arguments: Mapping[str, Any]) -> list[Any]:
        let(info, rule)
        page = check_page(arguments)
        found = await info.context.load_all(batch, [(key_of(root), page) for root in roots])
        return [of(each) for each in found]

    async def resolve(root: Any, info: Info, **arguments: Arguments) -> Any:
        return _alone(await together([root], info, arguments))

    return _field(resolve, together, description=description, rule=rule, type=type)


def derived(of: Callable[[Any], Any], *, by: str, description: str, rule: Rule = READING) -> Any:
    """Return the field of what `of` makes of the object's attribute `by`, and of nothing else."""
    key_of = attrgetter(by)

    def together(roots: Sequence[Any], info: Info, _: Mapping[str, Any]) -> list[Any]:
        let(info, rule)
        keys = [key_of(root) for root in roots]
        made = {key: of(key) for key in set(keys)}
        return [made[key] for key in keys]

    def resolve(root: Any, info: Info) -> Any:
        return _alone(together([root], info, {}))

    return _field(resolve, together, description=description, rule=rule)


def _alone(values: Sequence[Any]) -> Any:
    [value] = values
    if isinstance(value, Exception):
        raise value
    return value


def _field(
    resolve: Callable[..., Any],
    together: Together,
    *,
    description: str,
    rule: Rule,
    size: Mapping[str, Any] = NO_LIST,
    type: Any = None,
) -> Any:
    return strawberry.field(
        spread(resolve),
        description=description,
        graphql_type=type,
        metadata={**declared(rule), **size, TOGETHER: together},
    )
