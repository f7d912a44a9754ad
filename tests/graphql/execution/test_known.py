"""What is asked again is answered as it was the first time, when Strawberry's extensions saw to all of it."""

import gc
from typing import Any

import httpx2
import pytest

from app.access.callers import Role
from app.redis.rate_limits import Rates
from app.settings import Settings
from tests.graphql.tiny import World, caller
from tests.telemetry.reading import read_meters, value_of

THINGS = "query Things($first: Int = 2) { things(first: $first) { nodes { name } } }"

TOO_MUCH = THINGS.replace("name", "name things { name }")

ADD = """mutation Add($input: ClientInput!) {
  addClient(input: $input) { name things { name others(first: 1) { nodes { name } } } userErrors { code field } }
}"""

A_CLIENT = {"url": "https://a.example", "clientSecret": "s"}

ASKED: dict[str, dict[str, Any]] = {
    "a query": {"query": THINGS},
    "one with a variable": {"query": THINGS, "variables": {"first": 3}},
    "one of a variable that does not fit": {"query": THINGS, "variables": {"first": "three"}},
    "one that may bring too much": {
        "query": THINGS.replace("nodes { name }", "nodes { name things { name } }"),
        "variables": {"first": 100},
    },
    "one that is refused by its resolver": {"query": THINGS, "variables": {"first": 101}},
    "one for the schema itself": {"query": "{ __typename __schema { queryType { name } } }"},
    "one of two, by its name": {"query": "query A { role } query B { rule }", "operationName": "A"},
    "one of two, without a name": {"query": "query A { role } query B { rule }"},
    "one of another name": {"query": "query A { role }", "operationName": "B"},
    "a field that there is not": {"query": "{ nothing }"},
    "a mutation": {"query": ADD, "variables": {"input": A_CLIENT}},
    "one that is refused": {"query": ADD, "variables": {"input": {**A_CLIENT, "clientSecret": "taken"}}},
    "one of an input that does not fit": {"query": ADD, "variables": {"input": {**A_CLIENT, "url": 1}}},
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED.keys())
async def test_it_is_answered_counted_and_charged_the_same(asked: dict[str, Any]) -> None:
    world = World(settings=Settings(rate_limit_per_minute=100_000, team_rate_limit_per_minute=0))
    world.rates = Rates(clock=world.clock)
    world.cpu_seconds = lambda: 0.0

    async with world.client() as client:
        first, then = [await post(client, asked) for _ in range(2)]
        counted = read_meters(world.meters)

    assert without_rate(first) == without_rate(then)
    assert [value for (name, _), value in counted.items() if name == "graphql_operations_total"] == [2.0]


async def test_what_is_known_of_an_operation_is_of_its_own_variables_alone() -> None:
    document = "query A($first: Int = 2) { things(first: $first) { nodes { name } } } query B { role }"
    given: list[tuple[str, Any]] = [("A", {"first": value}) for value in (1, 3, 1.0, True, "1", None, 101, 2**40, "long" * 200)]
    given += [("A", None), ("A", {}), ("A", {"first": 1, "other": 2}), ("B", None), ("C", None)]
    asked = [{"query": document, "operationName": name, "variables": variables} for name, variables in given]
    fresh = []
    for each in asked:
        async with World().client() as client:
            fresh.append(await post(client, each))

    async with World().client() as client:
        known = [[await post(client, each) for each in some] for some in (asked, asked[::-1], asked)]
        repeated = [[await post(client, each) for _ in range(2)] for each in asked]

    assert known == [fresh, fresh[::-1], fresh]
    assert repeated == [[answer] * 2 for answer in fresh]


async def test_the_same_operation_is_answered_to_each_by_who_asks() -> None:
    role = {"query": "{ role }"}
    world = World()

    async with world.client() as client:
        told = []
        for each in (Role.ADMIN, Role.VIEWER, Role.ADMIN):
            world.caller = caller(role=each)
            told.append((await post(client, role))["data"]["role"])

    assert told == ["ADMIN", "VIEWER", "ADMIN"]


async def test_nobody_is_answered_who_has_no_points_left_for_it() -> None:
    world = World(settings=Settings(rate_limit_per_minute=5, team_rate_limit_per_minute=0))
    world.rates = Rates(clock=world.clock)
    world.cpu_seconds = lambda: 0.0

    async with world.client() as client:
        first, then, dearer = [await post(client, {"query": THINGS, "variables": {"first": first}}) for first in (1, 1, 4)]

    assert [body["extensions"]["cost"]["rate"]["remaining"] for body in (first, then, dearer)] == [3, 1, 1]
    assert dearer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert value_of(read_meters(world.meters), "graphql_operations_total", kind="query", outcome="RATE_LIMITED") == 1


async def test_a_mutation_is_done_each_time() -> None:
    world = World()

    async with world.client() as client:
        for _ in range(2):
            await post(client, {"query": ADD, "variables": {"input": A_CLIENT}})

    assert len(world.added) == 2


async def test_a_known_mutation_is_refused_where_it_may_not_be_asked_for() -> None:
    world = World()
    asked = {"query": "mutation { wait { name } }"}

    async with world.client() as client:
        world.go_on.set()
        await post(client, asked)
        refused = await client.get("/graphql", params=asked, headers={"GraphQL-Require-Preflight": "1"})

    assert refused.status_code == 405
    assert world.added == ["waited"]


async def test_what_a_mutation_was_given_is_not_kept() -> None:
    world = World()

    async with world.client() as client:
        for _ in range(2):
            await post(client, {"query": ADD, "variables": {"input": {**A_CLIENT, "clientSecret": "a rare secret"}}})
        gc.collect()
        kept = [each for each in gc.get_objects() if type(each) is dict and each.get("clientSecret") == "a rare secret"]

    assert len(world.added) == 2
    assert kept == []


async def post(client: httpx2.AsyncClient, asked: dict[str, Any]) -> Any:
    return (await client.post("/graphql", json=asked)).json()


def without_rate(body: Any) -> Any:
    body.get("extensions", {}).get("cost", {}).pop("rate", None)
    return body
