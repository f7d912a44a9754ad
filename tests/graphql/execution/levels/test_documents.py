"""However an operation is spelled, by fragments, directives, aliases or variables, it is answered by levels as field by field."""

import gc
from typing import Any

import pytest
from graphql import build_schema, parse

from app.errors import BadUserInput
from app.graphql.context import Context
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.execution.levels.plannable import ASKS_OF_SCHEMA, DEPENDS_ON_NULL
from app.graphql.execution.levels.planning import KnownArguments, Plan, Plans
from tests.graphql.alike import both, essence
from tests.graphql.full import GRAPHQL, draw
from tests.graphql.tiny import World, caller, measure, schema
from tests.journeys.soaking import fresh_random, full
from tests.telemetry.reading import read_meters, value_of

DRAWN = full(5_000, ci=40)
TINY = schema()._schema  # noqa: SLF001 - around the limits
SWITCHED = 'query ($s: Boolean!) { thing(name: "aaa") { name @skip(if: $s) length @include(if: $s) } }'


async def test_operations_with_fragments_directives_and_variables_are_answered_alike() -> None:
    random = fresh_random()

    for _ in range(DRAWN):
        drawn = draw(random)
        for some in ("THING", "BOX"):
            context = Context(caller=caller(), services=World().services, request_id=some)
            by_levels, one_by_one = await both(GRAPHQL, parse(drawn.text), variables=drawn.variables, context=context)

            assert essence(by_levels) == essence(one_by_one), drawn
            assert by_levels["errors"] == []


@pytest.mark.parametrize(
    ("text", "variables", "data"),
    [
        (
            '{ one: thing(name: "aaa") { name } other: thing(name: "bbb") { name } none: thing(name: "?") { name } }',
            {},
            {"one": {"name": "aaa"}, "other": {"name": "bbb"}, "none": None},
        ),
        (
            '{ thing(name: "aaa") { name } ...A } fragment A on Query { thing(name: "aaa") { name length is: __typename } }',
            {},
            {"thing": {"name": "aaa", "length": 3, "is": "Thing"}},
        ),
        (SWITCHED, {"s": True}, {"thing": {"length": 3}}),
        (SWITCHED, {"s": False}, {"thing": {"name": "aaa"}}),
        (
            "query ($n: Int = 2) { things(first: $n) { nodes { name } } }",
            {},
            {"things": {"nodes": [{"name": "aaa"}, {"name": "bbb"}]}},
        ),
        ("{ needed role }", {}, None),
        ("{ things(first: 0) { nodes { name } } }", {}, None),
    ],
)
async def test_it_is_answered_so_both_ways(text: str, variables: dict[str, Any], data: Any) -> None:
    by_levels, one_by_one = await both(TINY, parse(text), variables=variables)

    assert by_levels["data"] == data
    assert essence(by_levels) == essence(one_by_one)


async def test_each_relation_is_read_once_for_all_objects_of_a_level() -> None:
    world = World()
    context = Context(caller=caller(), services=world.services, request_id="1")

    await both(TINY, parse("{ things(first: 3) { nodes { others(first: 2) { nodes { length } } } } }"), context=context)

    assert [sorted(batch) for batch in world.batches] == [["bbb", "ccc", "ddd", "eee"]] * 2


async def test_an_error_that_takes_away_what_others_wait_for_ends_their_waiting() -> None:
    world = World()
    context = Context(caller=caller(), services=world.services, request_id="1", deadline=30.0)

    by_levels, one_by_one = await both(TINY, parse('{ thing(name: "aaa") { patience } needed }'), context=context)

    assert world.closed.is_set()
    assert by_levels["data"] is None
    assert essence(by_levels) == essence(one_by_one)


async def test_what_an_error_takes_away_is_not_taken_from_others_who_wait_for_the_same() -> None:
    sharing = build_schema("type Query { all: [Node]! } type Node { length: Int! breaks: String! }")
    node: Any = sharing.get_type("Node")
    sharing.query_type.fields["all"].resolve = lambda *_: [True, False]  # type: ignore[union-attr]
    node.fields["length"].resolve = lambda _, info: info.context.load(measure, "aaa")
    node.fields["breaks"].resolve = _break

    by_levels, one_by_one = await both(sharing, parse("{ all { length breaks } }"))

    assert by_levels["data"] == {"all": [None, {"length": 3, "breaks": "no"}]}
    assert essence(by_levels) == essence(one_by_one)


def _break(source: bool, _: Any) -> str:
    if source:
        raise BadUserInput("That fails.")
    return "no"


@pytest.mark.parametrize(
    ("text", "variables", "reason"),
    [
        ("{ __schema { queryType { name } } }", {}, ASKS_OF_SCHEMA),
        ('{ role ...A } fragment A on Query { __type(name: "Thing") { name } }', {}, ASKS_OF_SCHEMA),
        ("query ($s: Boolean = true) { role @skip(if: $s) }", {"s": None}, DEPENDS_ON_NULL),
    ],
)
def test_what_is_not_planned_has_a_reason(text: str, variables: dict[str, Any], reason: str) -> None:
    assert executor_of(text, variables).find_plan() == reason


def test_a_document_is_planned_once_for_each_setting_of_what_its_directives_depend_on() -> None:
    document = parse(SWITCHED)
    plans = Plans(TINY)

    found = [plans.plan(built(document, {"s": s, "more": more})) for s, more in [(True, 1), (False, 1), (True, 2)]]

    assert found[0] is found[2]
    assert found[0] is not found[1]


def test_what_was_asked_for_longest_ago_makes_room_for_what_is_asked_for() -> None:
    large = [parse(f"{{ {'role ' * 9_000} a{number}: role }}") for number in range(3)]
    plans = Plans(TINY)

    first, second = [plans.plan(built(document)) for document in large[:2]]
    assert plans.plan(built(large[0])) is first
    plans.plan(built(large[2]))

    assert plans.plan(built(large[0])) is first
    assert plans.plan(built(large[1])) is not second


def test_what_fields_are_given_is_known_for_one_plan_and_forgotten_with_it() -> None:
    document, known = parse(SWITCHED), KnownArguments()
    plans = Plans(TINY)
    plan = plans.plan(built(document, {"s": True}))
    other = plans.plan(built(document, {"s": False}))
    assert isinstance(plan, Plan)
    assert isinstance(other, Plan)

    known.of(plan)[plan.root.fields[0]] = {"name": "aaa"}
    assert [*known.of(plan).values()] == [{"name": "aaa"}]
    given = known.of(other)
    assert given == {}
    given[other.root.fields[0]] = {"name": "bbb"}
    del plan, other, plans
    gc.collect()

    assert given == {}


async def test_executions_are_counted_by_the_way_they_took() -> None:
    world = World()

    async with world.client() as client:
        for query in ("{ role }", "{ role }", "{ __typename }", "{ __schema { queryType { name } } }"):
            await client.post("/graphql", json={"query": query})

    samples = read_meters(world.meters)
    assert value_of(samples, "graphql_executions_total", by="levels") == 3
    assert value_of(samples, "graphql_executions_total", by="fields") == 1


def executor_of(text: str, variables: dict[str, Any]) -> BoundedExecutor:
    return built(parse(text), variables)


def built(document: Any, variables: dict[str, Any] | None = None) -> BoundedExecutor:
    executor = BoundedExecutor.build(TINY, document, raw_variable_values=variables)
    assert isinstance(executor, BoundedExecutor)
    return executor
