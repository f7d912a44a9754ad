"""Where an error says that its field stands is where graphql-core says it does, and that is not looked for all over again."""

import time

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, build_schema, parse
from hypothesis import given, strategies as st

from app.errors import BadUserInput
from app.graphql.context import Context
from app.graphql.execution.locations import Locations
from app.graphql.execution.turns import Turns
from tests.graphql.execution.test_turns import run
from tests.graphql.tiny import World, caller
from tests.slowness import slowness

CPU_SECONDS = 4.0
"""For ten thousand errors; graphql-core alone takes minutes."""


@given(st.lists(st.sampled_from([" ", "\n", "\r", "\r\n", "\t", ",", "# é\n", "# a\r"]), min_size=1, max_size=30))
def test_fields_are_found_in_whatever_lines_they_stand(between: list[str]) -> None:
    text = "{" + "".join(f"{space}f{number} " for number, space in enumerate(between)) + "}"
    [operation] = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    nodes = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]

    assert Locations(text).of(nodes) == GraphQLError("", nodes).locations


async def test_ten_thousand_errors_in_a_document_of_many_lines_do_not_read_it_ten_thousand_times() -> None:
    tree = build_schema("type Query { nodes: [Node] } type Node { nodes: [Node] fails: String }")
    kinds: tuple[str, str] = ("Query", "Node")
    for kind in kinds:
        tree.type_map[kind].fields["nodes"].resolve = lambda *_: [{}] * 100  # type: ignore[attr-defined]
    tree.type_map["Node"].fields["fails"].resolve = _fail  # type: ignore[attr-defined]
    text = "{ nodes { nodes {" + "\n" * 15_000 + "fails } } }"
    operation = Context(caller=caller(), services=World().services, request_id="1", deadline=600.0, place=Turns().place())

    begun = time.thread_time()
    answer = await run(text, operation, of=tree)
    took = time.thread_time() - begun

    assert len(answer.errors or ()) == 10_000
    assert {str(error.locations) for error in answer.errors or ()} == {"[SourceLocation(line=15001, column=1)]"}
    assert took < CPU_SECONDS * slowness()


def _fail(*_: object) -> None:
    raise BadUserInput("That fails.")
