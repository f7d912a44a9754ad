"""Documents: parsed once, measured before they are validated, validated once."""

import contextlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import orjson
from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    ValuesOfCorrectTypeRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.graphql.error_messages import without_value
from app.graphql.execution.first import fields_at_top
from app.graphql.limits.costs import Cost, Costs
from app.graphql.limits.sizes import Size, examine_size, too_complex

V = TypeVar("V")

LONGEST_DOCUMENT = 16 * 1024
MOST_TOKENS = 2_000
MOST_VARIABLE_VALUES = 10_000
MOST_ERRORS = 10  # for each wrong value graphql-core prints the whole literal that it stands in
_KEPT_CHARACTERS = 128 * 1024  # a parsed document takes some 300 bytes for each

_KEPT_OPERATIONS = 16
"""Of one document: those whose variables came last."""

_LONGEST_KEPT = 500

OperationKey: TypeAlias = tuple[str | None, bytes]
"""An operation's name and variables: what is equal where an operation of a document is asked for alike."""

DEAREST = Cost(objects=5_000, values=50_000)
"""What an answer may bring at most."""

FIELDS_A_POINT = 1_000
"""So many fields of the schema itself cost a point: they take a millisecond."""

_TOO_DEAR = {
    "objects": "The operation may bring {:,} objects: at most {:,}. Ask for smaller pages (`first`), or fewer nested lists.",
    "values": "The operation may bring {:,} values: at most {:,}. Ask for smaller pages (`first`), or for fewer fields.",
}

WHICH_OPERATION = "`operationName` has to name one of the document's operations; it can be left out where there is only one."


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
    """A document, and what is wrong with it."""

    schema: GraphQLSchema
    document: DocumentNode
    size: Size
    errors: tuple[GraphQLError, ...]

    def kind(self, name: str | None) -> OperationType | None:
        """Return what the operation of that name (None: the only one) is; None where there is none that is valid."""
        kinds = self._kinds
        if name is None and len(kinds) == 1:
            [kind] = kinds.values()
            return kind
        return kinds.get(name) if name is not None else None

    def key(self, name: str | None, variables: Mapping[str, Any] | None) -> OperationKey | None:
        """Return what stands for the operation with these variables; None where they are too long to be kept.

        None for a mutation too: its variables may be secrets, and are let go of when it is done.
        """
        if self.kind(name) is OperationType.MUTATION:
            return None
        try:
            text = orjson.dumps(variables) if variables else b""
        except TypeError:  # numbers that it does not write
            return None
        return (name, text) if len(text) <= _LONGEST_KEPT else None

    def cost(self, name: str | None, variables: Mapping[str, Any] | None, *, key: OperationKey | None = None) -> Cost:
        """Return what the operation of that name may bring, which `key` stands for; nothing where it is not valid."""
        if self.errors:
            return Cost()
        cost = self._known_costs.get(key) if key is not None else None
        if cost is None:
            cost = self._costs.of(name, variables)
            self._known_costs.keep(key, cost)
        return cost

    def points(self, cost: Cost) -> int:
        """Return what an operation of that cost is charged: the objects that may come, and what it asks of the schema itself."""
        return max(cost.objects + self.size.introspection // FIELDS_A_POINT, 1)

    def refuse_cost(self, cost: Cost) -> list[GraphQLError]:
        """Return an error for each respect in which an operation of that cost may bring too much."""
        limits = zip(Cost._fields, cost, DEAREST, strict=True)
        return [too_complex(_TOO_DEAR[respect].format(has, may)) for respect, has, may in limits if has > may]

    @cached_property
    def fields_at_top(self) -> frozenset[str]:
        """The fields at the top of its operations and fragments."""
        return fields_at_top(self.document)

    @cached_property
    def _kinds(self) -> dict[str | None, OperationType]:
        operations = [node for node in self.document.definitions if isinstance(node, OperationDefinitionNode)]
        return (
            {node.name.value if node.name is not None else None: node.operation for node in operations} if not self.errors else {}
        )

    @cached_property
    def _costs(self) -> Costs:
        return Costs(self.schema, self.document)

    @cached_property
    def executors(self) -> "Newest[Any]":
        """What executes its operations, as it was built for those that were asked for last."""
        return Newest()

    @cached_property
    def _known_costs(self) -> "Newest[Cost]":
        return Newest()


class Newest(dict["OperationKey", V]):
    """What is known of the operations of a document that were asked for last."""

    def keep(self, key: "OperationKey | None", value: V) -> None:
        if key is not None:
            self[key] = value
            if len(self) > _KEPT_OPERATIONS:
                del self[next(iter(self))]


class Documents:
    """The valid documents of one schema that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Examined] = OrderedDict()
        self._length = 0

    def examine(self, schema: GraphQLSchema, text: str) -> Examined:
        """Parse, measure and validate. Raises GraphQLError for what is no document, or too long to be read as one."""
        if (kept := self.find(text)) is not None:
            return kept
        document = parse(text, **_parse_options(text))
        size, errors = examine_size(document)
        errors = errors or validate(schema, document, RULES, MOST_ERRORS)
        examined = Examined(schema, document, size, tuple(errors))
        if not errors:  # or anybody could push out what is asked for all the time
            self._keep(text, examined)
        return examined

    def find(self, text: str) -> Examined | None:
        """Return the document, where it was found valid; what is asked for is kept longest."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
        return kept

    def knows(self, text: str) -> bool:
        """Whether the document was found valid, and need not be read again."""
        return text in self._kept

    def points(self, text: str, *, name: str | None, variables: Mapping[str, Any] | None) -> int:
        """Return what an operation of a document that was found valid costs; 1 for any other."""
        kept = self._kept.get(text)
        return kept.points(kept.cost(name, variables)) if kept is not None else 1

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
        self._examined: Examined | None = None
        yield

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        with contextlib.suppress(GraphQLError):
            self._examined = self._documents.examine(context.schema._schema, context.query or "")  # noqa: SLF001 - as Strawberry's own do
            context.graphql_document = self._examined.document
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        name = context._provided_operation_name  # noqa: SLF001 - Strawberry would run the first of several
        context.pre_execution_errors = [
            *self._refuse(name, context.variables),
            *refuse_many_values(context.variables),
            *_refuse_to_guess(context.graphql_document, named=name is not None),
        ]
        yield

    def _refuse(self, name: str | None, variables: Mapping[str, Any] | None) -> Sequence[GraphQLError]:
        if self._examined is None:
            return ()
        return self._examined.errors or self._examined.refuse_cost(self._examined.cost(name, variables))

    @property
    def _documents(self) -> Documents:
        return cast(HasDocuments, self.execution_context.schema).documents


def _parse_options(text: str) -> dict[str, Any]:
    beyond_characters = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return {"max_tokens": MOST_TOKENS, "max_source_length": max(LONGEST_DOCUMENT - beyond_characters, 0)}


def _refuse_to_guess(document: DocumentNode | None, *, named: bool) -> list[GraphQLError]:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)] if document else []
    return [GraphQLError(WHICH_OPERATION)] if len(operations) > 1 and not named else []


def refuse_many_values(variables: Mapping[str, Any] | None) -> list[GraphQLError]:
    """Return an error where variables have more values than any operation needs."""
    level: list[Any] = [variables or {}]
    count = 0
    while level:
        count += len(level)
        if count > MOST_VARIABLE_VALUES:
            return [too_complex(f"The variables have too many values: at most {MOST_VARIABLE_VALUES:,}.")]
        level = [inner for value in level if isinstance(value, dict | list) for inner in _inside(value)]
    return []


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
