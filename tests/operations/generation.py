"""Draws operations from the schema, of one root field or of several at once."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    print_ast,
    strip_ignored_characters,
)
from hypothesis import HealthCheck, Phase, given, seed as seeded, settings, strategies
from hypothesis_graphql import from_schema, nodes

from app.graphql.execution.documents import Documents
from tests.operations.aiming import Aim

_AT_ONCE = 12
SCALARS = {
    "DateTime": strategies.datetimes().map(lambda moment: nodes.String(f"{moment.isoformat(timespec='milliseconds')}Z")),
    "URL": strategies.sampled_from(["http://127.0.0.1:1", "https://[::1]/x", "http://10.0.0.1:8080/a/b"]).map(nodes.String),
}


def draw(schema: GraphQLSchema, *, seed: int, count: int) -> list[str]:
    """Return as many different operations that the schema takes and that are within the limits; the same for the same seed."""
    found: dict[str, None] = {}
    random = Random(seed)  # noqa: S311 - choices of a test, which have to be repeatable
    aim = Aim(schema, random)
    while len(found) < count:
        for document in _batch(schema, random):
            text = strip_ignored_characters(print_ast(aim.at(document)))
            if is_taken(schema, text):
                found[text] = None
            if len(found) == count:
                break
    drawn = list(found)
    random.shuffle(drawn)  # or what some use up would not be there for the others like them
    return drawn


def is_taken(schema: GraphQLSchema, text: str) -> bool:
    """Whether the service finds nothing wrong with the document."""
    try:
        examined = Documents().examine(schema, text)
    except GraphQLError:
        return False
    return not (examined.errors or examined.refuse_cost(examined.cost(None, None)))


def _batch(schema: GraphQLSchema, random: Random) -> Sequence[DocumentNode]:
    """Return some operations of one kind: of one root field, or of several at once where there may be several."""
    [kind] = random.choices(list(OperationType), [5, 4, 1])
    root = schema.get_root_type(kind)
    assert root is not None
    number, [count] = random.getrandbits(32), random.choices([1, 2, 4], [2, 1, 1])
    if kind is OperationType.SUBSCRIPTION:
        return [_heard(document) for document in _draw(_listening(schema), [random.choice(list(root.fields))], seed=number)]
    return _draw(schema, random.sample(list(root.fields), count), seed=number)


def _draw(schema: GraphQLSchema, fields: Sequence[str], *, seed: int) -> list[DocumentNode]:
    drawn: list[DocumentNode] = []

    @seeded(seed)
    @settings(
        max_examples=_AT_ONCE,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(from_schema(schema, fields=fields, custom_scalars=SCALARS).map(parse))
    def keep(document: DocumentNode) -> None:
        drawn.append(document)

    keep()
    return drawn


def _listening(schema: GraphQLSchema) -> GraphQLSchema:
    """Return the schema with subscriptions in the place of queries, for who knows only those."""
    arguments = schema.to_kwargs()
    listening = schema.subscription_type
    assert isinstance(listening, GraphQLObjectType)
    return GraphQLSchema(query=listening, types=arguments["types"], directives=arguments["directives"])


def _heard(document: DocumentNode) -> DocumentNode:
    operations = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return replace(document, definitions=tuple(replace(node, operation=OperationType.SUBSCRIPTION) for node in operations))
