"""What operations cost, who is charged, and how whoever has spent all of it is told."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import httpx2
import pytest
from graphql import get_introspection_query
from starlette.requests import HTTPConnection

from app.access.callers import Caller
from app.graphql.execution.documents import DEAREST
from app.graphql.limits.cost_accounting import ANONYMOUS_POINTS
from app.redis.rate_limits import Rates
from app.settings import Settings
from tests.graphql.conversing import close_code, opened, ready, receive, send, serving, subscribe
from tests.graphql.tiny import World, caller
from tests.graphql.transport.test_event_streams import asked

GRAPHQL = "application/graphql-response+json"
TEN_THINGS = "{ things(first: 10) { nodes { name } } }"
ADD = 'mutation { addClient(input: { url: "https://a.example", clientSecret: "s" }) { name } }'
DEAR = ADD.replace("{ name }", "{ name things { name } }")
MINUTE_ENDS = "2026-11-21T10:01:00.000Z"


def limited(*, credential: int = 20, team: int = 100) -> World:
    world = World(settings=Settings(rate_limit_per_minute=credential, team_rate_limit_per_minute=team))
    world.rates = Rates(clock=world.clock)
    world.cpu_seconds = lambda: 0.0  # what the machine needs for it is not counted: it is slow at times
    return world


async def ask(world: World, query: str, *, accept: str = "application/json", **headers: str) -> httpx2.Response:
    async with world.client() as client:
        return await client.post("/graphql", json={"query": query}, headers={"Accept": accept, **headers})


def cost_of(body: Any) -> Any:
    return body["extensions"]["cost"]


async def test_an_answer_says_what_it_cost_and_what_is_left() -> None:
    response = await ask(limited(), TEN_THINGS)

    rate = {"limit": 20, "remaining": 9, "resetAt": MINUTE_ENDS}
    assert cost_of(response.json()) == {"requested": 11, "limit": DEAREST.objects, "rate": rate}


async def test_the_least_costs_one_and_so_does_what_is_no_operation() -> None:
    world = limited()

    bodies = [(await ask(world, query)).json() for query in ("{ role }", "{ rule }", "{ role", "{ things(first: 1) { rule } }")]

    assert [cost_of(body)["requested"] for body in (bodies[0], bodies[1], bodies[3])] == [1, 1, 1]
    assert cost_of((await ask(world, "{ role }")).json())["rate"]["remaining"] == 15


async def test_what_is_asked_of_the_schema_itself_costs_a_point_for_a_thousand_fields() -> None:
    world = limited(credential=1_000, team=1_000)
    await ask(world, get_introspection_query())

    body = (await ask(world, get_introspection_query())).json()

    assert cost_of(body)["requested"] == 40


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL])
async def test_what_can_not_be_paid_runs_nothing_takes_nothing_and_says_when_to_come_back(accept: str) -> None:
    world = limited(credential=10)
    world.clock.advance(timedelta(seconds=12))
    await ask(world, "{ things(first: 8) { nodes { name } } }")

    refused = await ask(world, DEAR, accept=accept)
    after = await ask(world, "{ role }")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "48")
    [error] = refused.json()["errors"]
    assert error == {
        "message": "This operation costs 2 points, and 1 of 10 a minute are left: ask again in 48 seconds, or for less at once.",
        "extensions": {"code": "RATE_LIMITED", "retryAfter": 48},
    }
    assert cost_of(refused.json())["rate"] == {"limit": 10, "remaining": 1, "resetAt": MINUTE_ENDS}
    assert world.added == []
    assert after.json()["data"] == {"role": "ADMIN"}


async def test_the_next_minute_is_another() -> None:
    world = limited(credential=1)
    statuses = [(await ask(world, "{ role }")).status_code for _ in range(2)]

    world.clock.advance(timedelta(seconds=60))

    assert statuses == [200, 429]
    assert (await ask(world, "{ role }")).status_code == 200


async def test_an_operation_that_costs_more_than_the_limit_is_answered_when_nothing_else_is_asked() -> None:
    world = limited(credential=5)

    responses = [await ask(world, TEN_THINGS), await ask(world, "{ role }")]

    assert [response.status_code for response in responses] == [200, 429]


async def test_a_team_s_tokens_share_the_team_s_points_and_none_of_another_team() -> None:
    world = limited(credential=20, team=30)
    mine = replace(caller(), credential_id=UUID(int=10))
    other_teams = replace(caller(), credential_id=UUID(int=11), team_id=UUID(int=12))
    statuses = []

    for who in (mine, caller(), caller(), other_teams):
        world.caller = who
        response = await ask(world, TEN_THINGS)
        statuses.append((response.status_code, cost_of(response.json())["rate"]["remaining"]))

    assert statuses == [(200, 9), (200, 8), (429, 7), (200, 9)]  # what is refused has been read


async def test_who_is_not_signed_in_is_charged_by_address_and_only_there() -> None:
    world = limited()
    async with world.client() as client:
        del client.headers["authorization"]
        for _ in range(ANONYMOUS_POINTS):
            await client.post("/graphql", json={"query": "{ __typename }"})
        refused = await client.post("/graphql", json={"query": "{ __typename }"})

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert (await ask(world, "{ role }")).status_code == 200


async def test_without_limits_the_cost_is_told_and_nothing_is_refused() -> None:
    world = limited(credential=0, team=0)

    body = (await ask(world, TEN_THINGS)).json()

    assert cost_of(body) == {"requested": 11, "limit": DEAREST.objects, "rate": None}


async def test_over_a_socket_the_operation_is_refused_and_the_others_go_on() -> None:
    async with serving(limited(credential=20)) as address, ready(address) as socket:
        await send(socket, subscribe("subscription { silence }", "1"))
        first = await receive(socket)
        await send(socket, subscribe("{ role }", "2"))
        answers = [await receive(socket) for _ in range(2)]
        await send(socket, subscribe("{ things(first: 30) { nodes { name } } }", "3"))
        refused = await receive(socket)
        await send(socket, subscribe("subscription { count(to: 2) }", "3"))
        events = [await receive(socket) for _ in range(3)]

    assert cost_of(first["payload"])["rate"]["remaining"] == 19
    assert [cost_of(answers[0]["payload"])["requested"], answers[1]["type"]] == [1, "complete"]
    assert (refused["type"], refused["id"]) == ("error", "3")
    assert refused["payload"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 60}
    assert [event["type"] for event in events] == ["next", "next", "complete"]


async def test_of_a_subscription_s_events_only_the_first_tells_what_it_cost() -> None:
    async with serving(limited()) as address, ready(address) as socket:
        await send(socket, subscribe("subscription { count(to: 3) }"))
        events = [(await receive(socket))["payload"] for _ in range(3)]

    assert cost_of(events[0])["requested"] == 1
    assert events[1:] == [{"data": {"count": 2}}, {"data": {"count": 3}}]


async def test_each_event_of_a_subscription_takes_what_the_operation_costs() -> None:
    world = limited()
    async with serving(world) as address, ready(address) as socket:
        await send(socket, subscribe("subscription { thingChanged(times: 3) { others(first: 2) { nodes { name } } } }"))
        events = [await receive(socket) for _ in range(4)]
        await send(socket, subscribe("{ role }", "2"))
        after = await receive(socket)

    assert [event["type"] for event in events] == ["next", "next", "next", "complete"]
    assert cost_of(events[0]["payload"])["requested"] == 4
    assert cost_of(after["payload"])["rate"]["remaining"] == 20 - 4 - 3 * 4 - 1


async def test_an_event_that_can_not_be_paid_is_told_when_it_can_be_and_none_is_left_out() -> None:
    world = limited(credential=10)
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        world.clock.advance(timedelta(seconds=seconds))

    world.rates = Rates(clock=world.clock, sleep=sleep)
    async with serving(world) as address, ready(address) as socket:
        await send(socket, subscribe("subscription { count(to: 20) }"))
        messages = [await receive(socket) for _ in range(21)]

    assert [message["payload"]["data"]["count"] for message in messages[:-1]] == list(range(1, 21))
    assert messages[-1]["type"] == "complete"
    assert waited == [60.0, 60.0]  # nine a minute: a tenth is left to those who ask


async def test_who_listens_leaves_something_to_those_who_ask() -> None:
    world = limited(credential=10)
    waiting = asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    world.rates = Rates(clock=world.clock, sleep=sleep)
    async with serving(world) as address, ready(address) as socket:
        await send(socket, subscribe("subscription { count(to: 20) }"))
        await waiting.wait()
        statuses = [(await ask(world, "{ role }")).status_code for _ in range(2)]

    assert statuses == [200, 429]


async def test_who_has_spent_all_is_refused_before_anything_is_read() -> None:
    world = limited(credential=1)
    async with world.client() as client:
        await client.post("/graphql", json={"query": "{ role }"})
        headers = {"Content-Type": "application/json"}
        no_json = await client.post("/graphql", content=b'{"query": ', headers=headers)
        no_document = await client.get("/graphql", params={"query": "{ role"}, headers={"Accept": GRAPHQL})

    for refused in (no_json, no_document):
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
        [error] = refused.json()["errors"]
        assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 60}
        assert cost_of(refused.json())["rate"] == {"limit": 1, "remaining": 0, "resetAt": MINUTE_ENDS}


@pytest.mark.parametrize("extensions", [None, {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}])
async def test_so_is_who_asks_over_a_socket_or_for_an_event_stream_or_by_a_hash(extensions: dict[str, Any] | None) -> None:
    world = limited(credential=1)
    await ask(world, "{ role }")
    more: dict[str, Any] = {"extensions": extensions} if extensions is not None else {}
    query = "" if extensions is not None else "{ role"

    async with serving(world) as address, ready(address) as socket:
        await send(socket, subscribe(query, **more))
        over_socket = (await receive(socket))["payload"][0]
    async with world.client() as client:
        told = await client.post("/graphql", json={"query": query, **more}, headers={"Accept": "text/event-stream"})
        answered = await client.post("/graphql", json={"query": query, **more})
    in_stream = json.loads(told.text.split("\n\n")[0].removeprefix("event: next\ndata: "))["errors"][0]

    assert [over_socket["extensions"], in_stream["extensions"]] == [{"code": "RATE_LIMITED", "retryAfter": 60}] * 2
    assert answered.status_code == 429


async def test_a_document_that_is_not_known_is_paid_by_its_length_whatever_becomes_of_it() -> None:
    world = limited(credential=1_000, team=0)
    long = "{ role } #" + "x" * 492
    unknown_field = "{ " + "rule " * 100 + "}"
    left = []

    async with world.client() as client:
        for query in (unknown_field, unknown_field, long, long, "{ role" * 50):
            await client.post("/graphql", json={"query": query})
            left.append(1_000 - cost_of((await client.post("/graphql", json={"query": "{ role }"})).json())["rate"]["remaining"])

    reading = len(long) // 50
    assert left == [reading + 1, 2 * reading + 2, 3 * reading + 3, 3 * reading + 5, 3 * reading + 12]


async def test_what_has_taken_more_than_its_points_stand_for_is_charged_when_it_is_done() -> None:
    world = limited(credential=1_000, team=0)
    view = world.view()
    endpoint = view._endpoint  # noqa: SLF001 - what a transport does
    request = HTTPConnection({"type": "http", "headers": [], "client": ("192.0.2.7", 1)})
    context = endpoint.context(caller(), request)
    context.place.seconds = 0.1205

    await endpoint.schema.execute("{ role }", context_value=context)

    [state] = await world.rates.take(context.buckets, 1) if world.rates is not None else []
    assert state.remaining == 1_000 - 100 - 1


async def test_server_sent_events_tell_it_too_and_are_refused_in_an_event() -> None:
    world = limited(credential=1)
    async with asked(world, "{ role }") as response:
        answered = await response.aread()
    async with asked(world, "{ role }") as response:
        refused = await response.aread()

    first, second = (json.loads(body.split(b"\n\n")[0].removeprefix(b"event: next\ndata: ")) for body in (answered, refused))
    assert cost_of(first)["rate"]["remaining"] == 0
    assert second["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_bad_tokens_are_told_to_come_back_later_and_a_good_one_never_is_from_wherever_it_comes() -> None:
    world = limited()
    async with world.client() as client:
        bad = [
            await client.post("/graphql", json={"query": "{ role }"}, headers={"Authorization": "Bearer bad"}) for _ in range(61)
        ]
        good = await client.post("/graphql", json={"query": "{ role }"})
        world.clock.advance(timedelta(seconds=60))
        later = await client.post("/graphql", json={"query": "{ role }"}, headers={"Authorization": "Bearer bad"})

    assert [response.status_code for response in bad] == [401] * 60 + [429]
    assert bad[-1].headers["retry-after"] == "60"
    assert bad[-1].json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 60}
    assert good.status_code == 200
    assert later.status_code == 401


async def test_failures_count_where_they_come_from_and_a_header_is_not_believed_about_that() -> None:
    world = limited()
    async with world.client() as client:
        statuses = [
            (
                await client.post(
                    "/graphql",
                    json={"query": "{ role }"},
                    headers={"Authorization": "Bearer bad", "X-Forwarded-For": f"198.51.100.{number}"},
                )
            ).status_code
            for number in range(61)
        ]

    assert statuses == [401] * 60 + [429]


async def test_behind_a_proxy_that_is_named_each_address_has_failures_of_its_own() -> None:
    world = limited()
    world.settings = world.settings.model_copy(update={"trusted_proxies": (ip_network("127.0.0.1"),)})

    async def fail(address: str) -> int:
        headers = {"Authorization": "Bearer bad", "X-Forwarded-For": address}
        return (await client.post("/graphql", json={"query": "{ role }"}, headers=headers)).status_code

    async with world.client() as client:
        one = [await fail("198.51.100.1") for _ in range(61)]
        another = await fail("198.51.100.2")
        customer = [await fail(f"2001:db8:1:2::{number:x}") for number in range(61)]

    assert one == customer == [401] * 60 + [429]
    assert another == 401


async def test_a_bad_token_is_looked_up_once_and_nothing_else_is_done_for_it() -> None:
    world = limited()
    looked_up: list[str | None] = []

    async def authenticate(connection: HTTPConnection, credential: str | None) -> Caller | None:
        looked_up.append(credential)
        return await world.authenticate(connection, credential)

    async with world.client(authenticate=authenticate) as client:
        await asyncio.gather(
            *(client.post("/graphql", json={"query": ADD}, headers={"Authorization": "Bearer bad"}) for _ in range(70))
        )

    assert looked_up == ["Bearer bad"] * 70
    assert world.added == []


async def test_a_socket_with_a_bad_token_too_many_is_closed_for_that() -> None:
    async with serving(limited()) as address:
        codes = [await _turned_away(address) for _ in range(61)]

    assert codes == [4401] * 60 + [4429]


async def _turned_away(address: str) -> int | None:
    async with opened(address) as socket:
        await send(socket, {"type": "connection_init", "payload": {"authorization": "Bearer bad"}})
        return await close_code(socket)
