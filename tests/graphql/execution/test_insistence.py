"""What a listener cannot be told now is told later. Who could not be told for long is sent away, and hears of no error."""

import json
from collections.abc import Callable, Sequence

import httpx2
import pytest
from structlog.testing import capture_logs

from app.errors import (
    BadUserInput,
    DatabaseAway,
    Forbidden,
    OutcomeUnknown,
    Refusal,
    TooComplex,
    Unavailable,
    UserErrorCode,
)
from app.graphql.execution.insistence import Insistence
from app.graphql.transport.closes import COME_BACK_LATER
from app.storage.outages import AWAY, BUSY
from tests.graphql.conversing import close_code, ready, receive, send, serving, subscribe
from tests.graphql.tiny import NAMES, World
from tests.journeys.soaking import until

SECONDS = 0.05
QUICK = Insistence(seconds=30.0, pauses=(0.001,))
SHORT = Insistence(seconds=0.1, pauses=(0.02,))
CAME = "subscription { thingCame(times: 5) { name trouble } }"
PASSING: Sequence[Exception] = (
    DatabaseAway(BUSY, fault="no answer in time", is_silent=True),
    DatabaseAway(AWAY, fault="ConnectionDoesNotExistError", passes=True),
    OutcomeUnknown(AWAY, fault="lost"),
    Unavailable("This is being removed: ask again."),
)
STAYING: Sequence[tuple[Exception, str]] = (
    (Forbidden("Not with this token."), "FORBIDDEN"),
    (BadUserInput("That is no place."), "BAD_USER_INPUT"),
    (TooComplex("Too many calls."), "TOO_COMPLEX"),
    (Refusal(UserErrorCode.NOT_FOUND, "There is none."), "NOT_FOUND"),
    (Refusal(UserErrorCode.PROVIDER_UNREACHABLE, "It does not answer."), "PROVIDER_UNREACHABLE"),
    (LookupError("a bug"), "INTERNAL"),
)


async def test_an_event_that_is_overdue_is_told_when_it_can_be_and_those_behind_it_come_once_and_in_order() -> None:
    world = World()

    async with serving(world, deadline=SECONDS, insistence=QUICK) as address, ready(address) as socket:
        await send(socket, subscribe("subscription { thingCame(times: 5) { patience } }"))
        await until(lambda: has_tried(world, 2), seconds=10)
        world.go_on.set()
        told = [await receive(socket) for _ in range(6)]

    assert told == [*(told_of(patience=name) for name in NAMES[:5]), {"type": "complete", "id": "1"}]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{type(fault).__name__} {fault}")
async def test_an_event_of_which_a_part_is_missing_for_what_passes_is_told_whole_a_little_later(fault: Exception) -> None:
    world = World()
    world.cause = failing(fault, times=3)

    async with serving(world, insistence=QUICK) as address, ready(address) as socket:
        await send(socket, subscribe(CAME))
        told = [await receive(socket) for _ in range(6)]

    assert told == [*(told_of(name=name, trouble=name) for name in NAMES[:5]), {"type": "complete", "id": "1"}]
    assert await has_tried(world, 3)


@pytest.mark.parametrize(("fault", "code"), STAYING, ids=[code for _, code in STAYING])
async def test_what_is_wrong_with_the_event_itself_is_its_error_at_once(fault: Exception, code: str) -> None:
    world = World()
    world.cause = failing(fault, times=1)

    async with serving(world, insistence=QUICK) as address, ready(address) as socket:
        await send(socket, subscribe(CAME))
        first = (await receive(socket))["payload"]
        others = [await receive(socket) for _ in range(5)]

    assert first["data"] == {"thingCame": {"name": "aaa", "trouble": None}}
    assert [(error["path"], error["extensions"]["code"]) for error in first["errors"]] == [(["thingCame", "trouble"], code)]
    assert others == [*(told_of(name=name, trouble=name) for name in NAMES[1:5]), {"type": "complete", "id": "1"}]
    assert not await has_tried(world, 1)


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{type(fault).__name__} {fault}")
async def test_a_subscription_that_cannot_begin_for_what_passes_begins_a_little_later(fault: Exception) -> None:
    world = World()
    world.beginning = failing(fault, times=3)

    async with serving(world, insistence=QUICK) as address, ready(address) as socket:
        await send(socket, subscribe(CAME))
        told = [await receive(socket) for _ in range(6)]

    assert told == [*(told_of(name=name, trouble=name) for name in NAMES[:5]), {"type": "complete", "id": "1"}]


async def test_a_subscription_that_cannot_begin_for_long_sends_its_client_away() -> None:
    world = World()
    world.beginning = failing(PASSING[0], times=1_000)

    with capture_logs() as logs:
        async with serving(world, insistence=SHORT) as address, ready(address) as socket:
            await send(socket, subscribe(CAME))

            assert await close_code(socket) == 1013

    assert [(row["event"], row["fault"]) for row in logs] == [("sent away", BUSY)]


async def test_a_listener_that_cannot_be_told_for_long_is_sent_away_without_a_word_once_the_others_are_answered() -> None:
    world = World()

    async with serving(world, insistence=SHORT) as address, ready(address) as socket:
        await send(socket, subscribe("mutation { wait { name } }", "mutation"))
        await world.begun.wait()
        world.cause = failing(PASSING[0], times=1_000)
        await send(socket, subscribe(CAME, "listening"))
        await until(lambda: is_sent_away(world), seconds=10)
        await send(socket, subscribe("{ role }", "late"))
        world.cause = lambda: None
        world.go_on.set()
        answers = [await receive(socket) for _ in range(2)]
        code, reason = await close_code(socket), socket.close_reason

    assert [(answer["type"], answer["id"]) for answer in answers] == [("next", "mutation"), ("complete", "mutation")]
    assert answers[0]["payload"] == {"data": {"wait": {"name": "waited"}}}
    assert (code, reason) == (1013, COME_BACK_LATER.reason)


async def test_an_event_stream_that_cannot_go_on_for_long_ends_without_complete() -> None:
    world = World()
    world.cause = failing(PASSING[0], times=1_000, first=2)
    headers = {"Accept": "text/event-stream", "Authorization": "Bearer good"}

    async with serving(world, insistence=SHORT) as address, httpx2.AsyncClient() as client:
        url = address.replace("ws:", "http:")
        async with client.stream("POST", url, json={"query": CAME}, headers=headers) as response:
            body = await response.aread()

    begin, _, rest = body.partition(b"\n\n")
    assert json.loads(begin.removeprefix(b"event: next\ndata: "))["data"] == {"thingCame": {"name": "aaa", "trouble": "aaa"}}
    assert b"event: complete" not in rest
    assert b"errors" not in rest


def told_of(**fields: object) -> dict[str, object]:
    return {"type": "next", "id": "1", "payload": {"data": {"thingCame": fields}}}


def failing(fault: Exception, *, times: int, first: int = 1) -> Callable[[], None]:
    """Return what raises the fault so often, from the so-many-eth time on."""
    calls = 0

    def fail() -> None:
        nonlocal calls
        calls += 1
        if first <= calls < first + times:
            raise fault

    return fail


async def has_tried(world: World, times: int) -> bool:
    return counted(world, "events_tried_again") >= times


async def is_sent_away(world: World) -> bool:
    return counted(world, "listeners_sent_away") > 0


def counted(world: World, name: str) -> float:
    return world.meters.registry.get_sample_value(f"installed_apps_{name}_total") or 0.0
