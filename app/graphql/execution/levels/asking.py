"""What resolvers are told of the field that they are asked for."""

from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLResolveInfo
from graphql.execution.executor import Executor
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

from app.graphql.execution.levels.fields import Field
from app.graphql.execution.levels.rows import Level, path_within


@dataclass(frozen=True, slots=True)
class Asked:
    """A field that is asked for all objects of a level."""

    executor: Executor[Any]
    level: Level
    field: Field

    def info(self, row: int) -> GraphQLResolveInfo[Any]:
        """Return what graphql-core tells the resolver of one object."""
        field = self.field
        path: Path = path_within(self.level.path(row), field)
        return self.executor.build_resolve_info(field.definition, field.nodes, field.parent, path)

    def strawberry_info(self, row: int, field: StrawberryField) -> strawberry.Info[Any, Any]:
        """Return what Strawberry tells the function of one object."""
        kind = self.executor.schema._strawberry_schema.config.info_class  # type: ignore[attr-defined]  # noqa: SLF001 - its own way back
        if kind is strawberry.Info:
            return _LateInfo(self, row, field)
        made: strawberry.Info[Any, Any] = kind(_raw_info=self.info(row), _field=field)
        return made


class _LateInfo(strawberry.Info[Any, Any]):
    """Strawberry's Info, which finds the path of its object only when it is asked for: most resolvers want the context alone."""

    def __init__(self, asked: Asked, row: int, field: StrawberryField) -> None:
        self._asked = asked
        self._row = row
        self._field = field
        self._raw: GraphQLResolveInfo[Any] | None = None

    @property
    def context(self) -> Any:
        return self._asked.executor.context_value

    @property
    def _raw_info(self) -> GraphQLResolveInfo[Any]:  # type: ignore[override]  # an attribute there, set at once
        if self._raw is None:
            self._raw = self._asked.info(self._row)
        return self._raw
