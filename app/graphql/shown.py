"""The columns of rows that an operation shows: no others are read, where it is known before which these are.

A plain field shows the column of its name; a relation the one that it is found by. Any other field may look at all of the row.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from graphql import GraphQLObjectType
from strawberry.schema.schema_converter import GraphQLCoreConverter
from tortoise.models import Model

from app.graphql.connections import Connection, UncountedConnection
from app.graphql.context import Info
from app.graphql.execution.levels.asking import Below, LateInfo
from app.graphql.execution.levels.planning import PlannedField, Selection
from app.storage.records import columns_of

FOUND_BY = "found_by"
"""Where the metadata of a field has the attribute of its object that is all it looks at."""

ALL: tuple[str, ...] = ()

_FEW = 8
"""Columns of a model: all of them are read, so that what else is shown of the same rows has not to be asked for."""

_ROW = "row."

Names: TypeAlias = set[str] | None
"""Names of columns; None: it cannot be told."""


def columns_shown(info: Info, model: type[Model]) -> tuple[str, ...]:
    """Return the columns that are shown of the rows of which the field's objects are made; ALL where that is not known."""
    every = columns_of(model)
    if not isinstance(info, LateInfo) or len(every) <= _FEW:
        return ALL

    def find(field: PlannedField, below: Below) -> tuple[str, ...]:
        names = _of_field(field, below)
        return tuple(name for name in every if name in names) if names is not None and names <= {*every} else ALL

    found: tuple[str, ...] = info.once(model, find)
    return found


def _of_field(field: PlannedField, below: Below) -> Names:
    """Return the columns that are shown of the field's objects, or of those on its pages."""
    kind = field.shape.named
    if not isinstance(kind, GraphQLObjectType):
        return None
    selection = below(field, kind)
    is_page = issubclass(_class_of(kind), Connection | UncountedConnection)
    return _of_page(selection, below) if is_page else _of_objects(selection)


def _of_page(selection: Selection, below: Below) -> Names:
    return _all_of(_of_part(field, below) for field in selection.fields)


def _of_part(field: PlannedField, below: Below) -> Names:
    match field.name:
        case "nodes" | "node":
            return _of_field(field, below)
        case "edges" if isinstance(field.shape.named, GraphQLObjectType):
            return _of_page(below(field, field.shape.named), below)
    return set()  # how many there are, and where they lie


def _of_objects(selection: Selection) -> Names:
    called = getattr(_class_of(selection.kind), "__called__", {})
    return _all_of(_of_one(field, called) for field in selection.fields)


def _of_one(field: PlannedField, called: Any) -> Names:
    if field.name == "__typename":
        return set()
    declared = field.definition.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    if declared.is_basic_field:
        return {called.get(declared.python_name, declared.python_name)}
    by = declared.metadata.get(FOUND_BY, "")
    return {by.removeprefix(_ROW)} if by.startswith(_ROW) else None


def _all_of(parts: Iterable[Names]) -> Names:
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found


def _class_of(kind: GraphQLObjectType) -> type:
    made: type = kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].origin
    return made
