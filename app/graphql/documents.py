"""Documents: parsed once, measured before they are validated, validated once.

Measuring takes time in proportion to the document, so that no document costs more to refuse than to send. (The depth and alias
limiters that Strawberry brings take exponential time over fragments.)
"""

import contextlib
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValuesOfCorrectTypeRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.errors import TooComplex
from app.graphql.connections import DEFAULT_SIZE, LARGEST_SIZE
from app.graphql.wording import without_value

LONGEST_DOCUMENT = 16 * 1024
MOST_TOKENS = 2_000
MOST_VARIABLE_VALUES = 10_000
MOST_ERRORS = 10  # for each wrong value graphql-core prints the whole literal that it stands in
_KEPT_CHARACTERS = 128 * 1024  # a parsed document takes some 300 bytes for each
_DIGITS = 4

WHICH_OPERATION = "`operationName` has to name one of the document's operations; it can be left out where there is only one."


class Size(NamedTuple):
    """How much an operation asks for, fragments spread out.

    `cost`: the objects that may come; `introspection`: the fields of the schema itself that may come; `duplicates`: pairs that
    have to be merged.
    """

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0
    introspection: int = 0
    fragments: int = 0
    duplicates: int = 0
    operations: int = 0


LARGEST = Size(
    depth=15,
    fields=2_000,
    aliases=30,
    directives=50,
    cost=15_000,
    introspection=60_000,
    fragments=50,
    duplicates=1_000,
    operations=20,
)


class ValueFreeRule(ValuesOfCorrectTypeRule):
    """graphql-core's rule, which would quote the values: `clientSecret` when `url` is missing."""

    def report_error(self, error: GraphQLError) -> None:
        super().report_error(GraphQLError(without_value(error.message), error.nodes))


RULES: tuple[type[ASTValidationRule], ...] = (
    *(ValueFreeRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules),
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)


@dataclass(frozen=True)
class Examined:
    """A document, what is wrong with it, and what an operation of it costs at most."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    cost: int = 1


class Documents:
    """The valid documents of one schema that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Examined] = OrderedDict()
        self._length = 0

    def examine(self, schema: GraphQLSchema, text: str) -> Examined:
        """Parse, measure and validate. Raises GraphQLError for what is no document, or too long to be read as one."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        document = parse(text, **_parse_options(text))
        size, errors = examine_size(document)
        errors = errors or validate(schema, document, RULES, MOST_ERRORS)
        examined = Examined(document, tuple(errors), max(size.cost, 1))
        if not errors:  # or anybody could push out what is asked for all the time
            self._keep(text, examined)
        return examined

    def cost_of(self, text: str) -> int:
        """Return what an operation of a document that was found valid costs; 1 for any other."""
        kept = self._kept.get(text)
        return kept.cost if kept is not None else 1

    def _keep(self, text: str, examined: Examined) -> None:
        self._kept[text] = examined
        self._length += len(text)
        while self._length > _KEPT_CHARACTERS:
            oldest, _ = self._kept.popitem(last=False)
            self._length -= len(oldest)


class HasDocuments(Protocol):
    """A schema that keeps its documents."""

    documents: Documents


class ExamineDocuments(SchemaExtension):
    """Puts `Documents` in the way of every operation, over every transport."""

    def on_operation(self) -> Iterator[None]:
        # For a text that is no document: Strawberry then parses it again, with these limits, and reports what is wrong.
        options: dict[str, Any] = cast(dict[str, Any], self.execution_context.parse_options)
        options.update(_parse_options(self.execution_context.query or ""))
        self._errors: Sequence[GraphQLError] = ()
        yield

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        with contextlib.suppress(GraphQLError):
            examined = self._documents.examine(context.schema._schema, context.query or "")  # noqa: SLF001 - as Strawberry's own do
            context.graphql_document = examined.document
            self._errors = examined.errors
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        named = context._provided_operation_name is not None  # noqa: SLF001 - Strawberry would run the first of several
        context.pre_execution_errors = [
            *self._errors,
            *_refuse_many_values(context.variables),
            *_refuse_to_guess(context.graphql_document, named=named),
        ]
        yield

    @property
    def _documents(self) -> Documents:
        return cast(HasDocuments, self.execution_context.schema).documents


def examine_size(document: DocumentNode) -> tuple[Size, list[GraphQLError]]:
    """Return how large the document is, and an error for each limit that an operation of it is beyond."""
    try:
        size = measure(document)
    except RecursionError:
        return Size(), [_too_complex("The document is nested too deeply.")]
    limits = zip(Size._fields, size, LARGEST, strict=True)
    return size, [_too_complex(_BEYOND[name].format(may)) for name, has, may in limits if has > may]


def measure(document: DocumentNode) -> Size:
    """Return the largest that any of the document's operations is in each respect."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    walk = _Walk(fragments)
    sizes = [walk.size_of(operation.selection_set) for operation in operations]
    size = Size(*map(max, zip(*sizes, strict=True))) if sizes else Size()
    size = size._replace(fragments=len(fragments), operations=len(operations))
    if size.fields > LARGEST.fields or size.fragments > LARGEST.fragments:
        return size
    return size._replace(duplicates=max((_count_duplicates(node.selection_set, fragments) for node in operations), default=0))


class _Walk:
    """Measures each fragment once, however often it is spread."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._sizes: dict[str, Size] = {}

    def size_of(self, selections: SelectionSetNode | None, *, introspects: bool = False) -> Size:
        """Return the size of what is selected; `introspects`: of the schema itself, below `__schema` or `__type`."""
        if selections is None:
            return Size()
        parts = [self._size_of_one(node, introspects=introspects) for node in selections.selections]
        size = Size(*map(sum, zip(*parts, strict=True))) if parts else Size()
        return size._replace(depth=max((part.depth for part in parts), default=0))

    def _size_of_one(self, node: SelectionNode, *, introspects: bool) -> Size:
        directives = len(node.directives or ())
        match node:
            case FieldNode():
                introspects = introspects or node.name.value in _INTROSPECTION
                below = self.size_of(node.selection_set, introspects=introspects)
                return Size(
                    depth=below.depth + (not node.name.value.startswith("__")),
                    fields=below.fields + 1,
                    aliases=below.aliases + (node.alias is not None),
                    directives=below.directives + directives,
                    cost=1 + _multitude(node) * below.cost if node.selection_set is not None else 0,
                    introspection=1 + _revealed(node.name.value, below.introspection) if introspects else below.introspection,
                )
            case InlineFragmentNode():
                inside = self.size_of(node.selection_set, introspects=introspects)
            case FragmentSpreadNode():
                inside = self._size_of_fragment(node.name.value)
            case _:
                return Size()
        return inside._replace(directives=inside.directives + directives)

    def _size_of_fragment(self, name: str) -> Size:
        if name not in self._sizes:
            self._sizes[name] = Size()  # a cycle ends here; validation refuses it
            fragment = self._fragments.get(name)
            if fragment is not None:
                introspects = fragment.type_condition.name.value.startswith("__")
                self._sizes[name] = self.size_of(fragment.selection_set, introspects=introspects)
        return self._sizes[name]


_BEYOND = {
    "depth": "The operation is nested too deeply: at most {:,} levels.",
    "fields": "The operation asks for too many fields: at most {:,}, fragments spread out.",
    "aliases": "The operation has too many aliases: at most {:,}.",
    "directives": "The operation has too many directives: at most {:,}.",
    "cost": "The operation may bring too many objects: at most {:,}. Ask for smaller pages, or fewer levels of lists at once.",
    "introspection": "The operation asks for too much of the schema: ask for all of it once, or for less at a time.",
    "fragments": "The document has too many fragments: at most {:,}.",
    "operations": "The document has too many operations: at most {:,}.",
    "duplicates": "The operation asks for the same fields too often: at most {:,} pairs that have to be merged.",
}


_INTROSPECTION = frozenset({"__schema", "__type"})
_SCHEMA_LISTS = {"__type": 5, "types": 200, "fields": 8, "inputFields": 2, "enumValues": 2, "directives": 5}
"""How many of each a schema such as ours has for each that stands above it; types that are asked for by name are large ones."""


def _revealed(name: str, below: int) -> int:
    """How many fields come below a field of the schema itself; most chains of `ofType` end soon."""
    return below // 2 if name == "ofType" else below * _SCHEMA_LISTS.get(name, 1)


def _multitude(node: FieldNode) -> int:
    """How many of what stands below the field may bring."""
    for argument in node.arguments or ():
        match argument.name.value, argument.value:
            case "first" | "last", IntValueNode(value=digits):
                return min(int(digits), LARGEST_SIZE) if len(digits) < _DIGITS else LARGEST_SIZE
            case "ids", ListValueNode(values=values):
                return len(values)
            case "first" | "last" | "ids", _:
                return LARGEST_SIZE
    return DEFAULT_SIZE if _is_list(node) else 1


def _is_list(node: FieldNode) -> bool:
    below = node.selection_set.selections if node.selection_set is not None else ()
    return any(isinstance(child, FieldNode) and child.name.value in {"edges", "nodes"} for child in below)


def _count_duplicates(selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """Count the pairs of fields with one name in one place: validation compares each. Call it for small operations only."""
    counts: Counter[tuple[str, ...]] = Counter()
    waiting: list[tuple[tuple[str, ...], SelectionSetNode, frozenset[str]]] = [((), selections, frozenset())]
    while waiting:
        path, current, inside = waiting.pop()
        for node in current.selections:
            match node:
                case FieldNode():
                    own = (*path, (node.alias or node.name).value)
                    counts[own] += 1
                    if node.selection_set is not None:
                        waiting.append((own, node.selection_set, inside))
                case InlineFragmentNode():
                    waiting.append((path, node.selection_set, inside))
                case FragmentSpreadNode() if (name := node.name.value) in fragments and name not in inside:
                    waiting.append((path, fragments[name].selection_set, inside | {name}))
    return sum(count * (count - 1) // 2 for count in counts.values())


def _parse_options(text: str) -> dict[str, Any]:
    beyond_characters = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return {"max_tokens": MOST_TOKENS, "max_source_length": max(LONGEST_DOCUMENT - beyond_characters, 0)}


def _refuse_to_guess(document: DocumentNode | None, *, named: bool) -> list[GraphQLError]:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)] if document else []
    return [GraphQLError(WHICH_OPERATION)] if len(operations) > 1 and not named else []


def _refuse_many_values(variables: Mapping[str, Any] | None) -> list[GraphQLError]:
    level: list[Any] = [variables or {}]
    count = 0
    while level:
        count += len(level)
        if count > MOST_VARIABLE_VALUES:
            return [_too_complex(f"The variables have too many values: at most {MOST_VARIABLE_VALUES:,}.")]
        level = [inner for value in level if isinstance(value, dict | list) for inner in _inside(value)]
    return []


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _too_complex(message: str) -> GraphQLError:
    return GraphQLError(message, original_error=TooComplex(message))
