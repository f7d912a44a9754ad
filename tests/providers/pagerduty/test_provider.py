"""What PagerDuty is asked, and what its answers mean: by its documents, and by what others have seen it answer."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.outbound import Outbound
from app.providers.contract import Alive, Authorized, Destination, Failure, Fault, Occasion, Posted, RunReport
from app.providers.incidents import Severity
from app.providers.pagerduty.events import INCIDENTS, NEVER_OPENED, check
from app.providers.pagerduty.keys import read
from app.providers.shared_secrets import Fields, OddField, Pasted, join_fields
from app.sandbox.pagerduty import LARGEST_EVENT, ROUTING_KEY as SANDBOX_KEY
from app.sealing.secret import Secret
from tests.providers.scripted import ScriptedProvider, Wire, door_to, http, scripted
from tests.sandbox.running import run_sandbox

KEY = "e93facc04764012d7bfb002500d5d1a6"
ACCEPTED = http({"status": "success", "message": "Event processed", "dedup_key": "incident-1"}, status=202)
REPORT = RunReport(
    delivery_id="delivery-1",
    occasion=Occasion.THIRD_FAILURE,
    monitor_name="Kasse “Zürich”\n<b>",
    outcome="FAILED",
    started_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    duration_ms=1200,
    request_count=3,
    test_count=7,
    failed_test_count=2,
    error_count=0,
    failures=(("Status code is 200", "expected 500 to equal 200"), ("Body", "is empty")),
    url="https://ci.example.com/runs/7",
)

Call = Callable[[Authorized, Outbound], Awaitable[Posted | Failure]]


def fields_of(address: str | None = None, key: str = KEY) -> Fields:
    return {"routingKey": Secret(key)} | ({"address": Secret(address)} if address is not None else {})


def authorized_at(url: str, *, key: str = KEY) -> Authorized:
    return Destination(url).authorized(join_fields(fields_of(f"{url}/pagerduty", key)))


async def trigger(authorized: Authorized, outbound: Outbound, report: RunReport = REPORT) -> Posted | Failure:
    return await INCIDENTS.trigger(
        authorized=authorized, key="incident-1", report=report, severity=Severity.CRITICAL, outbound=outbound
    )


async def resolve(authorized: Authorized, outbound: Outbound) -> Posted | Failure:
    return await INCIDENTS.resolve(authorized=authorized, key="incident-1", outbound=outbound)


async def asked_by(call: Call) -> Any:
    """Return the JSON of the one event that the call sends."""
    async with scripted(lambda _: ACCEPTED) as there, door_to(there) as outbound:
        answer = await call(authorized_at(there.url), outbound)

    assert answer == Posted()
    [asked] = there.asked
    assert (asked.method, asked.target, asked.headers["content-type"]) == ("POST", "/pagerduty/v2/enqueue", "application/json")
    return json.loads(asked.body)


async def test_a_trigger_says_what_fails_and_where_to_look() -> None:
    event = await asked_by(trigger)

    assert event == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "incident-1",
        "client": "Installed Apps",
        "links": [{"href": "https://ci.example.com/runs/7", "text": "The run"}],
        "payload": {
            "summary": (
                "Kasse “Zürich”<b> has failed three times in a row. Status code is 200: expected 500 to equal 200 (and 1 more)"
            ),
            "source": "Kasse “Zürich”<b>",
            "severity": "critical",
            "timestamp": "2026-11-21T10:00:00+00:00",
            "class": "monitor",
            "custom_details": {
                "outcome": "FAILED",
                "started at": "2026-11-21T10:00:00+00:00",
                "duration in ms": 1200,
                "requests": 3,
                "tests": 7,
                "failed tests": 2,
                "errors": 0,
                "failures": ["Status code is 200: expected 500 to equal 200", "Body: is empty"],
            },
        },
    }


async def test_a_resolution_says_of_what() -> None:
    assert await asked_by(resolve) == {"routing_key": KEY, "event_action": "resolve", "dedup_key": "incident-1"}


async def test_a_run_of_the_longest_words_fits_into_an_event() -> None:
    longest = replace(
        REPORT, monitor_name="\U0001f4a5" * 200, failures=(("\U0001f4a5" * 1_000, "\U0001f4a5" * 1_000),) * 100, url=None
    )

    async def call(authorized: Authorized, outbound: Outbound) -> Posted | Failure:
        return await trigger(authorized, outbound, longest)

    event = await asked_by(call)

    assert len(event["payload"]["summary"]) <= 1_024
    assert len(event["payload"]["custom_details"]["failures"]) == 10
    assert len(json.dumps(event, ensure_ascii=False).encode()) < LARGEST_EVENT / 10


INVALID = {"status": "invalid event", "message": "Event object is invalid"}


@pytest.mark.parametrize(
    ("wire", "fault", "retry_after"),
    [
        (http(b"Invalid routing key", status=400), Fault.DEAD_GRANT, None),
        (http(INVALID | {"errors": ["Invalid routing key"]}, status=400), Fault.DEAD_GRANT, None),
        (http(INVALID | {"errors": ["Length of 'routing_key' is incorrect"]}, status=400), Fault.DEAD_GRANT, None),
        (http(INVALID | {"errors": ["'payload.severity' is invalid"]}, status=400), Fault.REFUSED, None),
        (http(status=413), Fault.REFUSED, None),
        (http(status=401), Fault.BROKEN, None),
        (http(status=429), Fault.BUSY, 60),
        (http(status=429, headers={"Retry-After": "7"}), Fault.BUSY, 7),
        (http(status=503, headers={"Retry-After": "7"}), Fault.BROKEN, 7),
        (http({"status": "success"}, status=200), Fault.BROKEN, None),
        (http({"status": "queued"}, status=202), Fault.BROKEN, None),
        (http(status=301, headers={"Location": "https://elsewhere.example/"}), Fault.BROKEN, None),
    ],
)
async def test_what_is_no_success_is_sorted(wire: Wire, fault: Fault, retry_after: float | None) -> None:
    async with scripted(lambda _: wire) as there, door_to(there) as outbound:
        answers = [await call(authorized_at(there.url), outbound) for call in (trigger, resolve)]
        tried = await check(authorized=authorized_at(there.url), outbound=outbound)

    for failure in (*answers, tried):
        assert isinstance(failure, Failure)
        assert (failure.fault, failure.retry_after) == (fault, retry_after)
        assert KEY not in failure.message


async def test_a_key_is_tried_by_resolving_what_never_was() -> None:
    async with scripted(lambda _: ACCEPTED) as there, door_to(there) as outbound:
        alive = await check(authorized=authorized_at(there.url), outbound=outbound)

    [asked] = there.asked
    assert json.loads(asked.body) == {"routing_key": KEY, "event_action": "resolve", "dedup_key": NEVER_OPENED}
    pasted = read(fields_of(f"{there.url}/pagerduty"))
    assert isinstance(pasted, Pasted)
    assert alive == Alive(pasted.identity)


async def test_the_stand_in_takes_all_of_it() -> None:
    with run_sandbox() as sandbox:
        right, wrong = authorized_at(sandbox.url, key=SANDBOX_KEY), authorized_at(sandbox.url)
        async with door_to(ScriptedProvider(sandbox.url)) as outbound:
            tried = [await check(authorized=each, outbound=outbound) for each in (right, wrong)]
            nothing = sandbox.state()["incidents"]
            answers = [await call(right, outbound) for call in (trigger, trigger, resolve, resolve)]

    assert isinstance(tried[0], Alive)
    assert isinstance(tried[1], Failure)
    assert (tried[1].fault, nothing, answers) == (Fault.DEAD_GRANT, [], [Posted()] * 4)


@pytest.mark.parametrize(
    ("address", "origin", "name"),
    [
        (None, "https://events.pagerduty.com", "events.pagerduty.com (key …d1a6)"),
        ("https://events.eu.pagerduty.com", "https://events.eu.pagerduty.com", "events.eu.pagerduty.com (key …d1a6)"),
        ("https://events.eu.pagerduty.com/", "https://events.eu.pagerduty.com", "events.eu.pagerduty.com (key …d1a6)"),
        ("https://events.pagerduty.com/v2/enqueue", "https://events.pagerduty.com", "events.pagerduty.com (key …d1a6)"),
    ],
)
def test_an_account_is_at_its_region(address: str | None, origin: str, name: str) -> None:
    pasted = read(fields_of(address))

    assert isinstance(pasted, Pasted)
    assert (pasted.origin, pasted.identity.account_name) == (origin, name)
    assert KEY not in repr(pasted)


def test_a_key_at_a_region_is_an_account_however_the_address_is_written() -> None:
    eu = "https://events.eu.pagerduty.com"
    accounts = [fields_of(), fields_of("https://EVENTS.pagerduty.com/v2/enqueue"), fields_of(eu), fields_of(key=KEY[::-1])]

    ids = [pasted.identity.account_id for each in accounts if isinstance(pasted := read(each), Pasted)]

    assert len(ids) == 4
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (fields_of(key="u+23rschqsESqk9Q6_-g"), "routingKey"),
        (fields_of(key=f"{KEY[:-1]}é"), "routingKey"),
        (fields_of(key=f"{KEY}0"), "routingKey"),
        (fields_of("https://events.pagerduty.com?region=eu"), "address"),
        (fields_of("events.pagerduty.com"), "address"),
    ],
)
def test_what_can_be_no_key_or_address_is_named(fields: Fields, name: str) -> None:
    odd = read(fields)

    assert isinstance(odd, OddField)
    assert odd.name == name


def test_the_sandbox_has_a_key_that_can_be_one() -> None:
    assert isinstance(read(fields_of(key=SANDBOX_KEY)), Pasted)
