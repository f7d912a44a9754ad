"""Plans: what a document's operation selects of each type, found once and kept."""

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, collect_fields, collect_subfields
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues

from app.graphql.execution.levels.asking import Arguments
from app.graphql.execution.levels.fields import Field
from app.graphql.execution.levels.objects import Read
from app.graphql.execution.levels.plannable import DEPENDS_ON_NULL, Looks, look_at, refuse_executor, refuse_schema
from app.graphql.execution.levels.shapes import column_of, leaf_of
from app.graphql.execution.levels.sources import Source, plain, source_of

LARGEST = 60_000
"""Of all that is kept: in fields of plans, each of which takes some 700 bytes, and as many in half as many characters."""

_KEPT = "plans"


class PlannedField(Field):
    """A field of which it is known how its values are got, and what is selected of the objects that it brings."""

    def __init__(self, key: str, details: FieldDetailsList, parent: GraphQLObjectType, schema: GraphQLSchema) -> None:
        super().__init__(key, details, parent, schema)
        self.leaf = leaf_of(self.shape)
        self.source: Source = source_of(self.definition, self.name, schema)
        self.plain = plain(self.source)
        self._complete = column_of(self.shape)
        self.is_column = self.plain is not None and self._complete is not None
        self.below: dict[str, Selection] = {}
        self.kinds: dict[type, GraphQLObjectType] = {}
        """Of classes all of whose objects are of one type, as far as they have been looked at."""

    def column(self, objects: Sequence[Any], read: Read) -> list[Any]:
        """Return what stands in the answer for this field of each object. It raises where that takes more than to read it."""
        if self.plain is None or self._complete is None:
            raise TypeError(self.name)
        return self._complete(self.plain.column(self, objects, read))


@dataclass(frozen=True)
class Selection:
    """What is selected of an object of one type, in the order of the document."""

    kind: GraphQLObjectType
    fields: tuple[PlannedField, ...]

    @cached_property
    def pieces(self) -> Sequence[Sequence[PlannedField]]:
        """The fields in their order: those that stand side by side and are read by columns together, all others alone."""
        pieces: list[list[PlannedField]] = []
        for field in self.fields:
            if pieces and field.is_column and pieces[-1][-1].is_column:
                pieces[-1].append(field)
            else:
                pieces.append([field])
        return pieces


class Plan:
    """What one operation selects, with the directives of its fields obeyed. What lies deeper is planned when it is come to.

    `values` are those of the variables that directives depend on, and no others: a plan is kept, and outlives the request. `grow`
    is told of each field more.
    """

    def __init__(self, executor: Executor[Any], values: VariableValues, *, grow: Callable[[int], None]) -> None:
        self._schema = executor.schema
        self._fragments = executor.fragments
        self._operation = executor.operation
        self._values = values
        self._grow = grow
        root = executor.schema.get_root_type(executor.operation.operation)
        if root is None:
            raise LookupError(executor.operation.operation)  # the document is valid
        collected = collect_fields(self._schema, self._fragments, values, root, self._operation)
        self.root = self._selection(root, collected)

    def below(self, field: PlannedField, kind: GraphQLObjectType) -> Selection:
        """Return what is selected of an object of that type which the field brings."""
        found = field.below.get(kind.name)
        if found is None:
            collected = collect_subfields(self._schema, self._fragments, self._values, self._operation, kind, field.details)
            found = field.below[kind.name] = self._selection(kind, collected)
        return found

    def _selection(self, kind: GraphQLObjectType, collected: CollectedFields) -> Selection:
        grouped = collected.grouped_field_set
        self._grow(len(grouped))
        return Selection(kind, tuple(PlannedField(key, details, kind, self._schema) for key, details in grouped.items()))


class KnownArguments:
    """What the fields of a plan are given, as far as it was converted. It keeps no plan, and is forgotten with its plan."""

    def __init__(self) -> None:
        self._plan: weakref.ref[Plan] | None = None
        self._known: Arguments = {}

    def of(self, plan: Plan) -> Arguments:
        if self._plan is None or self._plan() is not plan:
            known: Arguments = {}
            self._known, self._plan = known, weakref.ref(plan, lambda _: known.clear())
        return self._known


class Plans:
    """The plans of one schema that were asked for last."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._refused = refuse_schema(schema)
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._size = 0

    def plan(self, executor: Executor[Any]) -> Plan | str:
        """Return the plan of what the executor is to execute; or why there is none, and graphql-core has to do it."""
        if (reason := self._refused or refuse_executor(executor)) is not None:
            return reason
        known = self._look(executor)
        if known.looks.refused is not None:
            return known.looks.refused
        values = _values_of(executor.variable_values, known.looks.switches)
        if values is None:
            return DEPENDS_ON_NULL
        plan = known.plans.get(key := tuple(values.coerced.values()))
        if plan is None:
            plan = known.plans[key] = Plan(executor, values, grow=partial(self._grow, known))
        return plan

    def _look(self, executor: Executor[Any]) -> "_Known":
        operation = executor.operation
        known = self._known.get(id(operation))
        if known is None:
            known = self._known[id(operation)] = _Known(operation, look_at(operation, executor.fragment_definitions))
            self._grow(known, 1 + _length_of(operation) // 2)
        self._known.move_to_end(id(operation))
        return known

    def _grow(self, known: "_Known", size: int) -> None:
        """Take note that so much more is kept; forget what was asked for longest ago, where that is too much."""
        known.size += size
        if self._known.get(id(known.operation)) is not known:
            return
        self._size += size
        while self._size > LARGEST and len(self._known) > 1:
            _, oldest = self._known.popitem(last=False)
            self._size -= oldest.size


def plans_of(schema: GraphQLSchema) -> Plans:
    """Return the plans that are kept with the schema."""
    plans = schema.extensions.get(_KEPT)
    if not isinstance(plans, Plans):
        plans = schema.extensions[_KEPT] = Plans(schema)
    return plans


class _Known:
    """An operation with its plans, one for each setting of the switches. It is held: no other one can come to have its id."""

    def __init__(self, operation: OperationDefinitionNode, looks: Looks) -> None:
        self.operation = operation
        self.looks = looks
        self.plans: dict[tuple[object, ...], Plan] = {}
        self.size = 0


def _length_of(operation: OperationDefinitionNode) -> int:
    """Return how many characters the document has that it stands in: all of it is held with it."""
    return len(operation.loc.source.body) if operation.loc is not None else 0


def _values_of(given: VariableValues, names: Sequence[str]) -> VariableValues | None:
    """Return the values of the variables of these names alone; None where one is no Boolean."""
    found = {name: given.coerced.get(name) for name in names}
    if not all(isinstance(value, bool) for value in found.values()):
        return None
    return VariableValues({name: given.sources[name] for name in names}, found)
