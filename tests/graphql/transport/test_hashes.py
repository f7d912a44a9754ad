"""Operations by hash, over every transport, as Apollo's and urql's clients ask them."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from redis.asyncio import Redis

from app.graphql.transport.persisted import PersistedDocuments
from app.redis.circuit_breaker import CircuitBreaker
from app.redis.rate_limits import Rates
from app.settings import Settings
from tests.faults.redis import redis_server
from tests.graphql.conversing import ready, receive, send, serving
from tests.graphql.tiny import World, caller

GRAPHQL = "application/graphql-response+json"
QUERY = "query Role { role }"
ADD = 'mutation { addClient(input: { url: "https://a.example", clientSecret: "planted" }) { name } }'
ADD_BY_VARIABLE = "mutation($input: ClientInput!) { addClient(input: $input) { name } }"
NOT_FOUND = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
PATIENT = 10.0


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_hash(text: str, **more: object) -> dict[str, object]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}, **more}


async def post(client: httpx2.AsyncClient, body: object, **headers: str) -> httpx2.Response:
    return await client.post("/graphql", json=body, headers=headers)


async def get(client: httpx2.AsyncClient, body: dict[str, Any], **headers: str) -> httpx2.Response:
    parameters = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
    return await client.get("/graphql", params=parameters, headers=headers)


@pytest.mark.parametrize("ask", [post, get])
async def test_a_hash_is_not_known_until_its_document_has_come_and_then_is_enough(ask: Any) -> None:
    async with World().client() as client:
        first = await ask(client, by_hash(QUERY))
        with_document = await ask(client, by_hash(QUERY, query=QUERY))
        again = await ask(client, by_hash(QUERY))

    assert (first.status_code, first.json()) == (200, {"errors": [NOT_FOUND]})
    assert (with_document.status_code, with_document.json()) == (200, {"data": {"role": "ADMIN"}})
    assert (again.status_code, again.json()) == (200, {"data": {"role": "ADMIN"}})


async def test_a_client_that_knows_the_protocol_s_own_media_type_gets_its_own_status() -> None:
    async with World().client() as client:
        response = await post(client, by_hash(QUERY), Accept=GRAPHQL)

    assert (response.status_code, response.json()) == (400, {"errors": [NOT_FOUND]})


async def test_what_came_by_post_is_known_to_get_and_its_operations_and_variables_are_the_request_s_own() -> None:
    text = "query A { role } query B($name: String!) { thing(name: $name) { name } }"
    async with World().client() as client:
        await post(client, by_hash(text, query=text, operationName="A"))

        response = await get(client, by_hash(text, operationName="B", variables={"name": "bbb"}))

    assert response.json() == {"data": {"thing": {"name": "bbb"}}}


async def test_a_mutation_by_hash_goes_by_post_only() -> None:
    variables = {"input": {"url": "https://a.example", "clientSecret": "s"}}
    world = World()
    async with world.client() as client:
        await post(client, by_hash(ADD_BY_VARIABLE, query=ADD_BY_VARIABLE, variables=variables))
        by_get = await get(client, by_hash(ADD_BY_VARIABLE, variables=variables))
        by_post = await post(client, by_hash(ADD_BY_VARIABLE, variables=variables))

    assert (by_get.status_code, by_get.headers["allow"]) == (405, "POST")
    assert by_post.json() == {"data": {"addClient": {"name": "https://a.example"}}}
    assert world.added == ["https://a.example"] * 2


@pytest.mark.parametrize("ask", [post, get])
async def test_a_hash_of_something_else_is_refused_and_neither_is_kept(ask: Any) -> None:
    other = "{ now }"
    async with World().client() as client:
        refused = await ask(client, by_hash(other, query=QUERY))
        after = [await ask(client, by_hash(text)) for text in (other, QUERY)]

    assert refused.status_code == 400
    assert [error["extensions"]["code"] for error in refused.json()["errors"]] == ["BAD_USER_INPUT"]
    assert "sha256Hash" in refused.text
    assert [response.json() for response in after] == [{"errors": [NOT_FOUND]}] * 2


@pytest.mark.parametrize(
    "persisted",
    [
        {},
        [],
        "x",
        {"version": 1},
        {"version": 2, "sha256Hash": digest(QUERY)},
        {"version": "1", "sha256Hash": digest(QUERY)},
        {"version": 1, "sha256Hash": None},
        {"version": 1, "sha256Hash": digest(QUERY).upper()},
        {"version": 1, "sha256Hash": digest(QUERY)[:-1]},
        {"version": 1, "sha256Hash": digest(QUERY) + "\n"},
        {"version": 1, "sha256Hash": "*" * 64},
        {"version": 1, "sha256Hash": "\u0661" * 64},
    ],
)
@pytest.mark.parametrize("ask", [post, get])
@pytest.mark.parametrize("more", [{}, {"query": QUERY}])
async def test_what_is_no_hash_is_refused(ask: Any, persisted: object, more: dict[str, object]) -> None:
    async with World().client() as client:
        response = await ask(client, {"extensions": {"persistedQuery": persisted}, **more})

    assert (response.status_code, response.json()["errors"][0]["extensions"]) == (400, {"code": "BAD_USER_INPUT"})


async def test_null_and_whatever_else_clients_put_beside_the_hash_is_well() -> None:
    persisted = {"version": 1, "sha256Hash": digest(QUERY), "miss": True}
    async with World().client() as client:
        responses = [
            await post(client, {"query": QUERY, "extensions": extensions})
            for extensions in ({"persistedQuery": None}, {"persistedQuery": persisted, "else": 1})
        ]

    assert [response.json() for response in responses] == [{"data": {"role": "ADMIN"}}] * 2


@pytest.mark.parametrize(
    "text",
    ["{ role", "{ rule }", "{ role role role" + " role" * 2_000 + " }", "{ role } #" + "x" * 17_000],
    ids=["no document", "not valid", "beyond a limit", "too long"],
)
async def test_what_is_not_valid_or_beyond_the_limits_is_refused_and_not_kept(text: str) -> None:
    async with World().client() as client:
        refused = await post(client, by_hash(text, query=text))
        after = await post(client, by_hash(text))

    assert "data" not in refused.json()
    assert after.json() == {"errors": [NOT_FOUND]}


async def test_a_mutation_that_holds_a_text_is_run_and_not_kept() -> None:
    world = World()
    async with world.client() as client:
        answered = await post(client, by_hash(ADD, query=ADD))
        after = await post(client, by_hash(ADD))

    assert answered.json() == {"data": {"addClient": {"name": "https://a.example"}}}
    assert after.json() == {"errors": [NOT_FOUND]}


async def test_another_team_learns_nothing_of_what_one_asks() -> None:
    world = World()
    async with world.client() as client:
        await post(client, by_hash(QUERY, query=QUERY))
        world.caller = replace(caller(), team_id=UUID(int=7))

        response = await post(client, by_hash(QUERY))

    assert response.json() == {"errors": [NOT_FOUND]}


async def test_for_who_is_not_signed_in_nothing_is_kept_and_nothing_is_known() -> None:
    text = "{ __typename }"
    async with World().client() as client:
        await post(client, by_hash(text, query=text))
        del client.headers["authorization"]
        answers = [(await post(client, by_hash(text, **more))).json() for more in ({}, {"query": text}, {})]

    assert answers == [{"errors": [NOT_FOUND]}, {"data": {"__typename": "Query"}}, {"errors": [NOT_FOUND]}]


async def test_over_a_socket_a_miss_is_that_operation_s_error_and_so_is_a_wrong_hash() -> None:
    async with serving(World()) as address, ready(address) as socket:

        async def ask(payload: dict[str, object], *, messages: int) -> list[Any]:
            await send(socket, {"type": "subscribe", "id": "1", "payload": payload})
            return [await receive(socket) for _ in range(messages)]

        [miss] = await ask(by_hash(QUERY), messages=1)
        [wrong] = await ask(by_hash("{ now }", query=QUERY), messages=1)
        whole = await ask(by_hash(QUERY, query=QUERY), messages=2)
        again = await ask(by_hash(QUERY), messages=2)

    assert miss == {"type": "error", "id": "1", "payload": [NOT_FOUND]}
    assert (wrong["type"], wrong["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")
    assert (
        whole
        == again
        == [
            {"type": "next", "id": "1", "payload": {"data": {"role": "ADMIN"}}},
            {"type": "complete", "id": "1"},
        ]
    )


async def test_over_server_sent_events_a_subscription_may_be_named_by_its_hash() -> None:
    text = "subscription { count(to: 1) }"
    bodies = []
    async with World().client() as client:
        for more in ({}, {"query": text}, {}):
            response = await post(client, by_hash(text, **more), Accept="text/event-stream")
            bodies.append(response.text)

    miss = json.dumps({"errors": [NOT_FOUND]}, separators=(",", ":"))
    counted = 'event: next\ndata: {"data":{"count":1}}\n\nevent: complete\ndata:\n\n'
    assert bodies == [f"event: next\ndata: {miss}\n\nevent: complete\ndata:\n\n", counted, counted]


async def test_a_miss_costs_a_point_and_what_cannot_be_paid_is_not_kept() -> None:
    world = World(settings=Settings(rate_limit_per_minute=2, team_rate_limit_per_minute=0))
    world.rates = Rates(clock=world.clock)
    world.cpu_seconds = lambda: 0.0
    async with world.client() as client:
        statuses = [(await post(client, by_hash(QUERY))).status_code for _ in range(3)]
        statuses.append((await post(client, by_hash(QUERY, query=QUERY))).status_code)
        world.clock.advance(timedelta(minutes=1))
        after = await post(client, by_hash(QUERY))

    assert statuses == [200, 200, 429, 429]
    assert after.json()["errors"] == [NOT_FOUND]


async def test_a_team_s_documents_push_out_its_own_alone_oldest_first() -> None:
    documents = PersistedDocuments(CircuitBreaker())
    mine, theirs = uuid4(), uuid4()
    texts = ["{ role } #" + str(number).rjust(10_000) for number in range(20)]
    await documents.keep(theirs, digest(QUERY), QUERY)

    for text in texts:
        await documents.keep(mine, digest(text), text)

    kept = [await documents.find(mine, digest(text)) is not None for text in texts]
    assert kept == [False] * 7 + [True] * 13
    assert await documents.find(theirs, digest(QUERY)) == QUERY


async def test_memory_holds_the_teams_that_asked_last() -> None:
    documents = PersistedDocuments(CircuitBreaker())
    teams = [uuid4() for _ in range(65)]

    for team in teams:
        await documents.keep(team, digest(QUERY), QUERY)

    assert [await documents.find(team, digest(QUERY)) for team in teams[-3:]] == [QUERY] * 3
    assert await documents.find(teams[0], digest(QUERY)) is None


async def test_processes_share_documents_through_redis_and_do_without_it(tmp_path: Path) -> None:
    team = uuid4()
    async with redis_server(tmp_path) as server:
        one, other = (CircuitBreaker(server.url, patience=PATIENT) for _ in range(2))
        await PersistedDocuments(one).keep(team, digest(QUERY), QUERY)
        shared = await PersistedDocuments(other).find(team, digest(QUERY))
        elsewhere = await PersistedDocuments(other).find(uuid4(), digest(QUERY))
        server.kill()
        alone = PersistedDocuments(other)
        lost = await alone.find(team, digest(QUERY))
        await alone.keep(team, digest(QUERY), QUERY)
        found = await alone.find(team, digest(QUERY))
        for sharing in (one, other):
            await sharing.aclose()

    assert (shared, elsewhere) == (QUERY, None)
    assert (lost, found) == (None, QUERY)


async def test_what_somebody_else_has_put_into_redis_is_not_run(tmp_path: Path) -> None:
    team = uuid4()
    async with redis_server(tmp_path) as server:
        sharing = CircuitBreaker(server.url, patience=PATIENT)
        await PersistedDocuments(sharing).keep(team, digest(QUERY), QUERY)
        async with Redis.from_url(server.url) as redis:
            [key] = [key async for key in redis.scan_iter()]
            await redis.set(key, "{ node(id: 1) }")

            changed = await PersistedDocuments(sharing).find(team, digest(QUERY))

            await redis.delete(key)
            await redis.lpush(key, "x")
            broken = await PersistedDocuments(sharing).find(team, digest(QUERY))
        await sharing.aclose()

    assert (changed, broken) == (None, None)
