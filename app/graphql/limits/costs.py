"""The cost of an operation: the objects of its answer, with every list as long as it may be.

Fields of one name in one place are merged as execution merges them, fragments are spread, `@skip` and `@include` are obeyed, and
of the types that a field may return the dearest counts. So no spelling makes an operation cheaper or dearer than another that is
answered alike. A document is measured once, into a function of its variables.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    value_from_ast_untyped,
)

from app.graphql.limits.amounts import Amount, Known, length, page_size
from app.graphql.lists import Bounded, OfPage, OneForEach, is_connection, list_size

_KEPT_SWITCHINGS = 16


class Cost(NamedTuple):
    """`objects` that an answer has at most, connections, edges and the like among them; `values`: the fields of all of them."""

    objects: int = 0
    values: int = 0

    def plus(self, other: "Cost") -> "Cost":
        return Cost(self.objects + other.objects, self.values + other.values)

    def or_more(self, other: "Cost") -> "Cost":
        return Cost(max(self.objects, other.objects), max(self.values, other.values))


NOTHING = Cost()


class Costs:
    """The costs of a document's operations. The document has to be valid."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self._fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        self._switches = tuple(sorted(_switches(document)))
        self._measured: OrderedDict[tuple[int, tuple[object, ...]], _Below] = OrderedDict()

    def of(self, name: str | None, variables: Mapping[str, Any] | None) -> Cost:
        """Return what the operation of that name (None: the only one) costs with these variables; nothing where there is none."""
        chosen = [node for node in self._operations if name is None or (node.name is not None and node.name.value == name)]
        if len(chosen) != 1:
            return NOTHING
        [operation] = chosen
        known = {**_defaults(operation), **(variables or {})}
        return self._below(operation, known).cost(known)

    def _below(self, operation: OperationDefinitionNode, known: Known) -> "_Below":
        key = (id(operation), tuple(known.get(name) is True for name in self._switches))
        if key not in self._measured:
            root = self._schema.get_root_type(operation.operation)
            measure = _Measure(self._schema, self._fragments, switches={name: known.get(name) for name in self._switches})
            self._measured[key] = measure.below((operation.selection_set,), root, page=1) if root is not None else _Below()
        self._measured.move_to_end(key)
        while len(self._measured) > _KEPT_SWITCHINGS:
            self._measured.popitem(last=False)
        return self._measured[key]


@dataclass(frozen=True)
class _Below:
    """The cost below an object: the part that no variable changes, and the rest."""

    fixed: Cost = NOTHING
    rest: tuple["_Part", ...] = ()

    def cost(self, known: Known) -> Cost:
        total = self.fixed
        for part in self.rest:
            total = total.plus(part.cost(known))
        return total


@dataclass(frozen=True)
class _Part:
    """So many objects, each of which may be of one type or another."""

    count: Amount
    choices: tuple[_Below, ...]

    def cost(self, known: Known) -> Cost:
        each = NOTHING
        for choice in self.choices:
            each = each.or_more(choice.cost(known))
        count = self.count if isinstance(self.count, int) else self.count(known)
        return Cost(count * (1 + each.objects), count * each.values)

    @property
    def is_fixed(self) -> bool:
        return isinstance(self.count, int) and not any(choice.rest for choice in self.choices)


class _Measure:
    """Measures selections, each of them once for each type that it is asked of."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], *, switches: Mapping[str, object]
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._switches = switches
        self._found: dict[tuple[str, tuple[int, ...], Amount], _Below] = {}
        self._pages: dict[int, Amount] = {}

    def below(self, selections: Sequence[SelectionSetNode], kind: GraphQLObjectType, *, page: Amount) -> _Below:
        """Return what an object of that type has below it; `page`: as many as its own pages have, where it is a connection."""
        key = (kind.name, tuple(map(id, selections)), page)
        if key not in self._found:
            fixed, rest = NOTHING, []
            for nodes in self._collect(selections, kind).values():
                fixed = fixed.plus(Cost(values=1))
                part = self._part(nodes, kind, page=page)
                if part is not None and part.is_fixed:
                    fixed = fixed.plus(part.cost({}))
                elif part is not None:
                    rest.append(part)
            self._found[key] = _Below(fixed, tuple(rest))
        return self._found[key]

    def _part(self, nodes: Sequence[FieldNode], kind: GraphQLObjectType, *, page: Amount) -> _Part | None:
        """Return what a field brings; None where that is no object."""
        node = nodes[0]
        field = kind.fields.get(node.name.value)  # not there: a field of the schema itself, which has a limit of its own
        named = get_named_type(field.type) if field is not None else None
        if not is_composite_type(named):
            return None
        selections = tuple(node.selection_set for node in nodes if node.selection_set is not None)
        own = self._page(node) if is_connection(named) else 1
        choices = tuple(self.below(selections, each, page=own) for each in self._kinds(named))
        return _Part(self._count(node, kind, page=page), choices)

    def _kinds(self, kind: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType) -> Sequence[GraphQLObjectType]:
        return (kind,) if isinstance(kind, GraphQLObjectType) else self._schema.get_possible_types(kind)

    def _count(self, node: FieldNode, kind: GraphQLObjectType, *, page: Amount) -> Amount:
        match list_size(kind, node.name.value):
            case None:
                return 1
            case Bounded(most):
                return most
            case OneForEach(argument):
                return length(_argument(node, argument))
            case OfPage():
                return page

    def _page(self, node: FieldNode) -> Amount:
        if id(node) not in self._pages:
            self._pages[id(node)] = page_size(_argument(node, "first"), _argument(node, "last"))
        return self._pages[id(node)]

    def _collect(self, selections: Iterable[SelectionSetNode], kind: GraphQLObjectType) -> dict[str, list[FieldNode]]:
        """Return the fields of an object of that type by the names of the answer (GraphQL, October 2021, section 6.3.2)."""
        grouped: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        waiting: list[SelectionNode] = [node for each in selections for node in each.selections]
        while waiting:
            node = waiting.pop()
            if not self._is_included(node.directives or ()):
                continue
            match node:
                case FieldNode():
                    grouped.setdefault((node.alias or node.name).value, []).append(node)
                case InlineFragmentNode() if node.type_condition is None or self._applies(node.type_condition.name.value, kind):
                    waiting.extend(node.selection_set.selections)
                case FragmentSpreadNode() if node.name.value not in spread and node.name.value in self._fragments:
                    spread.add(node.name.value)
                    fragment = self._fragments[node.name.value]
                    if self._applies(fragment.type_condition.name.value, kind):
                        waiting.extend(fragment.selection_set.selections)
        return grouped

    def _applies(self, condition: str, kind: GraphQLObjectType) -> bool:
        about = self._schema.get_type(condition)
        if isinstance(about, GraphQLInterfaceType | GraphQLUnionType):
            return self._schema.is_sub_type(about, kind)
        return about is kind

    def _is_included(self, directives: Iterable[DirectiveNode]) -> bool:
        for directive in directives:
            value = _switch_of(directive)
            is_on = self._switches.get(value.name.value) if isinstance(value, VariableNode) else getattr(value, "value", None)
            if (directive.name.value == "skip" and is_on is True) or (directive.name.value == "include" and is_on is False):
                return False
        return True


def _switch_of(directive: DirectiveNode) -> ValueNode | None:
    """Return what `@skip` or `@include` depends on; None for another directive."""
    if directive.name.value not in {"skip", "include"}:
        return None
    return next((argument.value for argument in directive.arguments or () if argument.name.value == "if"), None)


def _switches(document: DocumentNode) -> set[str]:
    """Return the names of the variables that `@skip` and `@include` depend on."""
    found: set[str] = set()
    waiting: list[SelectionNode] = [node for definition in document.definitions for node in _selections(definition)]
    while waiting:
        node = waiting.pop()
        values = map(_switch_of, node.directives or ())
        found.update(value.name.value for value in values if isinstance(value, VariableNode))
        waiting.extend(_selections(node))
    return found


def _selections(node: object) -> Sequence[SelectionNode]:
    below = getattr(node, "selection_set", None)
    return below.selections if isinstance(below, SelectionSetNode) else ()


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }


def _argument(node: FieldNode, name: str) -> ValueNode | None:
    return next((argument.value for argument in node.arguments or () if argument.name.value == name), None)
