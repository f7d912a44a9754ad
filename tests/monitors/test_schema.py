from datetime import timedelta
from typing import Any

import pytest

from app.access.callers import Caller
from app.graphql.context import Context
from app.graphql.execution.schema import Schema
from app.service.schema import build_schema
from tests.deliveries.world import World, create_team

MONITORS = """
query ($after: String, $before: String) {
  monitors(first: FIRST, after: $after) {
    totalCount
    nodes { key name runs(first: 2, after: $before) { nodes { runId monitor { key } } pageInfo { hasNextPage endCursor } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build_schema()


async def ask(schema: Schema, world: World, *, caller: Caller | None = None, first: int = 20, **variables: Any) -> Any:
    context = Context(caller=caller or world.caller, services=world.services, request_id="a test's")
    answer = await schema.execute(MONITORS.replace("FIRST", str(first)), variable_values=variables, context_value=context)
    assert answer.errors is None, answer.errors
    assert answer.data is not None
    return answer.data["monitors"]


async def test_monitors_are_listed_newest_first_each_with_its_runs_the_last_recorded_first(schema: Schema, world: World) -> None:
    for key in ("checkout", "search", "checkout"):
        await world.report(monitor_key=key)
        world.clock.advance(timedelta(seconds=1))

    monitors = await ask(schema, world)

    assert monitors["totalCount"] == 2
    assert [(node["key"], node["name"]) for node in monitors["nodes"]] == [("search", "search"), ("checkout", "checkout")]
    assert [[run["runId"] for run in node["runs"]["nodes"]] for node in monitors["nodes"]] == [["run-2"], ["run-3", "run-1"]]
    assert monitors["nodes"][1]["runs"]["nodes"][0]["monitor"] == {"key": "checkout"}


async def test_monitors_and_their_runs_are_read_in_pages(schema: Schema, world: World) -> None:
    for number in range(3):
        await world.report(run_id=f"{number}")
        await world.report(monitor_key=f"other {number}")
        world.clock.advance(timedelta(seconds=1))

    first = await ask(schema, world, first=3)
    rest = await ask(schema, world, first=3, after=first["pageInfo"]["endCursor"])
    runs = next(node["runs"] for node in [*first["nodes"], *rest["nodes"]] if node["key"] == "checkout")
    older = await ask(schema, world, before=runs["pageInfo"]["endCursor"])

    assert [len(first["nodes"]), len(rest["nodes"])] == [3, 1]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert ([run["runId"] for run in runs["nodes"]], runs["pageInfo"]["hasNextPage"]) == (["2", "1"], True)
    assert [run["runId"] for node in older["nodes"] for run in node["runs"]["nodes"] if node["key"] == "checkout"] == ["0"]


async def test_another_team_sees_none_of_them(schema: Schema, world: World) -> None:
    await world.report()
    stranger = await create_team(world.services, name="Initech")

    monitors = await ask(schema, world, caller=stranger)

    assert (monitors["totalCount"], monitors["nodes"]) == (0, [])


async def test_monitors_are_searched_by_key_and_name(schema: Schema, world: World) -> None:
    for key in ("checkout", "search", "Check in"):
        await world.report(monitor_key=key)
        world.clock.advance(timedelta(seconds=1))

    assert await found(schema, world, search="cHECK") == ["Check in", "checkout"]
    assert await found(schema, world, search="%") == []
    assert await found(schema, world, search="") == ["Check in", "search", "checkout"]


async def test_a_monitor_is_looked_up_by_its_key(schema: Schema, world: World) -> None:
    await world.report(monitor_key="checkout")
    others = await create_team(world.services, name="Another")

    assert await looked_up(schema, world, "checkout") == {"key": "checkout", "runs": {"nodes": [{"runId": "run-1"}]}}
    assert await looked_up(schema, world, "checkout", caller=others) is None
    for none in ("Checkout", "", "x" * 300, "check\u0000out", "check\u200bout"):
        assert await looked_up(schema, world, none) is None


async def found(schema: Schema, world: World, **variables: Any) -> list[str]:
    document = "query ($search: String) { monitors(search: $search) { nodes { key } } }"
    return [each["key"] for each in (await answered(schema, world, document, **variables))["monitors"]["nodes"]]


async def looked_up(schema: Schema, world: World, key: str, *, caller: Caller | None = None) -> Any:
    document = "query ($key: String!) { monitor(key: $key) { key runs { nodes { runId } } } }"
    return (await answered(schema, world, document, caller=caller, key=key))["monitor"]


async def answered(schema: Schema, world: World, document: str, *, caller: Caller | None = None, **variables: Any) -> Any:
    context = Context(caller=caller or world.caller, services=world.services, request_id="a test's")
    answer = await schema.execute(document, variable_values=variables, context_value=context)
    assert answer.errors is None, answer.errors
    return answer.data
