"""Who listens as others did before is answered as they were, when Strawberry's extensions saw to all of it."""

from typing import Any

import httpx2
import pytest

from app.redis.rate_limits import Rates
from app.settings import Settings
from tests.graphql.tiny import World
from tests.telemetry.reading import read_meters, value_of

COUNT = "subscription Count($to: Int!, $after: String) { count(to: $to, after: $after) }"
TWO = f"{COUNT} subscription B {{ silence }}"

ASKED: dict[str, dict[str, Any]] = {
    "a subscription": {"query": "subscription { thingChanged(times: 2) { name length } }"},
    "one with a variable": {"query": COUNT, "variables": {"to": 2}},
    "one of a variable that does not fit": {"query": COUNT, "variables": {"to": "three"}},
    "one that its resolver refuses": {"query": COUNT, "variables": {"to": 1, "after": "gone"}},
    "one of two, by its name": {
        "query": f"{COUNT} subscription B {{ silence }}",
        "operationName": "Count",
        "variables": {"to": 1},
    },
    "one of two, without a name": {"query": f"{COUNT} subscription B {{ silence }}"},
    "one that meets an error": {"query": "subscription { thingCame(times: 1) { trouble } }"},
    "a field that there is not": {"query": "subscription { nothing }"},
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED.keys())
async def test_it_is_told_and_counted_the_same(asked: dict[str, Any]) -> None:
    world = World(cause=fail)

    async with world.client() as client:
        first, then = [await listen(client, asked) for _ in range(2)]
        counted = read_meters(world.meters)

    assert first == then
    assert first.endswith("event: complete\ndata:\n\n")
    assert [value for (name, _), value in counted.items() if name == "graphql_operations_total"] == [2.0]


async def test_it_costs_the_same_and_says_so_once_and_nobody_listens_who_has_too_few_points() -> None:
    world = World(settings=Settings(rate_limit_per_minute=4, team_rate_limit_per_minute=0))
    world.rates = Rates(clock=world.clock)
    world.cpu_seconds = lambda: 0.0

    async with world.client() as client:
        told = [await listen(client, {"query": COUNT, "variables": {"to": 1}}) for _ in range(3)]

    assert [text.count('"cost"') for text in told] == [1, 1, 1]
    assert ['"remaining":' in text and text.split('"remaining":')[1][0] for text in told] == ["3", "1", "0"]
    assert "RATE_LIMITED" in told[2]
    assert value_of(read_meters(world.meters), "graphql_operations_total", kind="subscription", outcome="OK") == 2


def fail() -> None:
    raise RuntimeError("nobody expected that")


async def listen(client: httpx2.AsyncClient, asked: dict[str, Any]) -> str:
    answer = await client.post("/graphql", json=asked, headers={"Accept": "text/event-stream"})
    return answer.text
