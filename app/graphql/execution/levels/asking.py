"""What resolvers are told of the field that they are asked for."""

from collections.abc import Callable, Hashable, MutableMapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

import strawberry
from graphql import GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.executor import Executor
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

from app.graphql.execution.levels.fields import Field
from app.graphql.execution.levels.rows import Level, path_within

T = TypeVar("T")
Below: TypeAlias = Callable[[Any, GraphQLObjectType], Any]
"""Returns the Selection of an object of that type which the PlannedField brings."""


Arguments: TypeAlias = MutableMapping[Field, dict[str, Any]]
"""What fields are given, as far as it was converted: the same for all who ask the same with the same variables."""


class Asked(NamedTuple):
    """A field that is asked for all objects of a level."""

    executor: Executor[Any]
    level: Level
    field: Field
    below: Below
    arguments: Arguments

    def info(self, row: int) -> GraphQLResolveInfo[Any]:
        """Return what graphql-core tells the resolver of one object."""
        field = self.field
        path: Path = path_within(self.level.path(row), field)
        return self.executor.build_resolve_info(field.definition, field.nodes, field.parent, path)

    def strawberry_info(self, row: int, field: StrawberryField) -> strawberry.Info[Any, Any]:
        """Return what Strawberry tells the function of one object."""
        kind = self.executor.schema._strawberry_schema.config.info_class  # type: ignore[attr-defined]  # noqa: SLF001 - its own way back
        if kind is strawberry.Info:
            return LateInfo(self, row, field)
        made: strawberry.Info[Any, Any] = kind(_raw_info=self.info(row), _field=field)
        return made


class LateInfo(strawberry.Info[Any, Any]):
    """Strawberry's Info, which finds the path of its object only when it is asked for: most resolvers want the context alone."""

    def __init__(self, asked: Asked, row: int, field: StrawberryField) -> None:
        self._asked = asked
        self._row = row
        self._field = field
        self._raw: GraphQLResolveInfo[Any] | None = None

    def once(self, key: Hashable, find: Callable[[Any, Below], T]) -> T:
        """Return what `find` tells of what is selected below the field: it is asked once for each key and plan."""
        known = self._asked.field.known
        if key not in known:
            known[key] = find(self._asked.field, self._asked.below)
        found: T = known[key]
        return found

    @property
    def context(self) -> Any:
        return self._asked.executor.context_value

    @property
    def _raw_info(self) -> GraphQLResolveInfo[Any]:  # type: ignore[override]  # an attribute there, set at once
        if self._raw is None:
            self._raw = self._asked.info(self._row)
        return self._raw
