"""The columns of rows that an operation shows: no others are read, where it is known before which these are.

A plain field shows the column of its name; a relation the one that it is found by, and where it can be joined, what it shows of
the row there. Any other field may look at all of the row.
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
from app.graphql.joins import Join
from app.storage.records import WITHIN, columns_of

FOUND_BY = "found_by"
"""Where the metadata of a field has the attribute of its object that is all it looks at."""

JOINED_BY = "joined_by"
"""Where it has a function that returns the Join by which what it shows can be read with its object, or None."""

ALL: tuple[str, ...] = ()

_FEW = 8
"""Columns of a model: all of them are read, so that what else is shown of the same rows has not to be asked for."""

_ROW = "row."

_CURSORS = frozenset({"startCursor", "endCursor"})

Names: TypeAlias = set[str] | None
"""Names of columns; None: it cannot be told."""


def columns_shown(info: Info, model: type[Model]) -> tuple[str, ...]:
    """Return the columns that are shown of the rows of which the field's objects are made; ALL where that is not known.

    What is shown of rows that these refer to is among them, where it can be joined.
    """
    if not isinstance(info, LateInfo):
        return ALL
    every = columns_of(model)

    def find(field: PlannedField, below: Below) -> tuple[str, ...]:
        names = _of_field(field, model, below)
        if names is None:
            return ALL
        joined = sorted(name for name in names if WITHIN in name)
        if not names <= {*every, *joined} or (not joined and len(every) <= _FEW):
            return ALL
        return *(name for name in every if name in names or len(every) <= _FEW), *joined

    found: tuple[str, ...] = info.once(model, find)
    return found


def shows_cursors(info: Info) -> bool:
    """Whether a cursor is made for the pages that the field brings; True where that is not known."""
    return not isinstance(info, LateInfo) or info.once(_CURSORS, _makes_cursors)


def _makes_cursors(page: PlannedField, below: Below) -> bool:
    kind = page.shape.named
    return not isinstance(kind, GraphQLObjectType) or any(_makes_cursor(field, below) for field in below(page, kind).fields)


def _makes_cursor(part: PlannedField, below: Below) -> bool:
    if part.name == "pageInfo" and isinstance(part.shape.named, GraphQLObjectType):
        return any(field.name in _CURSORS for field in below(part, part.shape.named).fields)
    return part.name == "edges"  # each entry has its own


def _of_field(field: PlannedField, model: type[Model], below: Below) -> Names:
    """Return the columns that are shown of the field's objects, or of those on its pages."""
    kind = field.shape.named
    if not isinstance(kind, GraphQLObjectType):
        return None
    selection = below(field, kind)
    is_page = issubclass(_class_of(kind), Connection | UncountedConnection)
    return _of_page(selection, model, below) if is_page else _of_objects(selection, model, below)


def _of_page(selection: Selection, model: type[Model], below: Below) -> Names:
    return _all_of(_of_part(field, model, below) for field in selection.fields)


def _of_part(field: PlannedField, model: type[Model], below: Below) -> Names:
    match field.name:
        case "nodes" | "node":
            return _of_field(field, model, below)
        case "edges" if isinstance(field.shape.named, GraphQLObjectType):
            return _of_page(below(field, field.shape.named), model, below)
    return set()  # how many there are, and where they lie


def _of_objects(selection: Selection, model: type[Model], below: Below) -> Names:
    called = getattr(_class_of(selection.kind), "__called__", {})
    return _all_of(_of_one(field, called, model, below) for field in selection.fields)


def _of_one(field: PlannedField, called: Any, model: type[Model], below: Below) -> Names:
    if field.name == "__typename":
        return set()
    declared = field.definition.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    if declared.is_basic_field:
        return {called.get(declared.python_name, declared.python_name)}
    by = declared.metadata.get(FOUND_BY, "")
    if not by.startswith(_ROW):
        return None
    find_join = declared.metadata.get(JOINED_BY)
    join: Join | None = find_join() if find_join is not None else None
    return {by.removeprefix(_ROW)} | (_of_joined(field, join, below) if join is not None and join.leads_from(model) else set())


def _of_joined(field: PlannedField, join: Join, below: Below) -> set[str]:
    """Return what is shown of the row to which the join leads; nothing where that is not known, or leads on from there."""
    every = columns_of(join.model)
    names = _of_field(field, join.model, below)
    return join.columns(names) if names is not None and names <= {*every} else set()


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
