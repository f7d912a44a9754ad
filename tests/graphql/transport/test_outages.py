"""Where the database is away nothing is answered, and a client is told so in the head of the answer too."""

import httpx2
import pytest

from app.errors import DatabaseAway, Overdue
from app.storage.outages import AWAY, unknown
from tests.graphql.tiny import World


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_where_nothing_could_be_read_the_request_is_refused_and_says_when_to_come_back(accept: str) -> None:
    world = World(cause=lambda: fail(DatabaseAway(AWAY, fault="refused")))

    for query in ("{ trouble }", "{ trouble again: trouble }"):
        answer = await ask(world, query, accept=accept)

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.json() == {"errors": [{"message": AWAY, "extensions": {"code": "UNAVAILABLE"}}]}


@pytest.mark.parametrize(
    ("error", "query", "data"),
    [
        (DatabaseAway(AWAY, fault="refused"), "{ trouble role }", {"trouble": None, "role": "ADMIN"}),
        (unknown("no answer"), "{ trouble }", {"trouble": None}),
        (Overdue("Late."), "{ trouble }", {"trouble": None}),
    ],
    ids=["something was read", "nobody knows what was done", "it took too long"],
)
async def test_anything_else_is_an_answer(error: Exception, query: str, data: object) -> None:
    answer = await ask(World(cause=lambda: fail(error)), query, accept="application/json")

    assert answer.status_code == 200
    assert answer.json()["data"] == data
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


def fail(error: Exception) -> None:
    raise error


async def ask(world: World, query: str, *, accept: str) -> httpx2.Response:
    async with world.client() as client:
        return await client.post("/graphql", json={"query": query}, headers={"accept": accept})
