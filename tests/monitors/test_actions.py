import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.access.callers import ALL_SCOPES, Caller, Role
from app.errors import Refusal, UserErrorCode
from app.log.counters import Counter
from app.log.events import Change
from app.monitors.actions import find_or_make, record_run
from app.monitors.events import RunRecorded
from app.monitors.models import Failure, Monitor, MonitorRun, RunOutcome
from app.monitors.reported import ReportedRun
from app.services import Services
from tests.held import HeldClock
from tests.services import make_services


class Heard:
    def __init__(self) -> None:
        self.runs: list[str] = []

    async def hear(self, _change: Change, domain_event: RunRecorded) -> None:
        self.runs.append(domain_event.run.run_id)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def services(database: str, tmp_path: Path, clock: HeldClock, heard: Heard) -> AsyncIterator[Services]:
    del database
    async with make_services(folder=tmp_path, clock=clock, reactions={RunRecorded: (heard.hear,)}) as made:
        yield made


async def found(services: Services) -> Caller:
    async def nothing(_change: Change) -> None:
        return None

    team_id = uuid4()
    await services.events.found(team_id, nothing)
    return Caller(
        team_id=team_id,
        member_id=uuid4(),
        role=Role.MEMBER,
        scopes=ALL_SCOPES,
        credential_id=uuid4(),
        is_session=False,
        expires_at=None,
    )


def run(clock: HeldClock, **more: Any) -> ReportedRun:
    plain = ReportedRun(monitor_key="checkout", run_id="1", outcome=RunOutcome.PASSED, started_at=clock.now(), duration_ms=7)
    return replace(plain, **more)


async def name(services: Services, caller: Caller, **named: Any) -> Monitor:
    async def act(change: Change) -> Monitor:
        return await find_or_make(change, **named)

    return await services.events.change(caller.team_id, act)


async def test_a_monitor_is_made_by_being_named_and_renamed_by_a_name(services: Services) -> None:
    caller, other = await found(services), await found(services)

    made = await name(services, caller, key="checkout")
    kept = await name(services, caller, key="checkout", name="Checkout")
    again = await name(services, caller, key="checkout")
    others = await name(services, other, key="checkout")

    assert (made.key, made.name, made.created_at) == ("checkout", "checkout", services.clock.now())
    assert (kept.id, kept.name) == (made.id, "Checkout")
    assert (again.id, again.name) == (made.id, "Checkout")
    assert (others.id != made.id, others.name) == (True, "checkout")
    assert await Monitor.all().count() == 2


async def test_a_key_that_cannot_be_shown_is_refused_at_the_field_that_the_caller_names(services: Services) -> None:
    caller = await found(services)

    with pytest.raises(Refusal) as refusal:
        await name(services, caller, key="a\tb", field=["settings", "postMonitoringResults", "monitorKey"])

    assert (refusal.value.code, refusal.value.field) == (
        UserErrorCode.INVALID,
        ("settings", "postMonitoringResults", "monitorKey"),
    )
    assert await Monitor.all().count() == 0


async def test_a_run_is_kept_as_it_was_reported(services: Services, clock: HeldClock, heard: Heard) -> None:
    caller = await found(services)
    reported = run(
        clock,
        monitor_name="Checkout",
        outcome=RunOutcome.ERROR,
        request_count=3,
        test_count=5,
        failed_test_count=1,
        error_count=2,
        failures=(Failure("Pay: request", "“refused” \u0007\n<!channel>"),),
        url="https://ci.example.com/17",
    )

    recorded = await record_run(reported, caller=caller, services=services)

    kept = await MonitorRun.get().select_related("monitor")
    assert (recorded.is_new, recorded.run.id) == (True, kept.id)
    assert (
        ReportedRun(
            monitor_key=kept.monitor.key,
            monitor_name=kept.monitor.name,
            run_id=kept.run_id,
            outcome=kept.outcome,
            started_at=kept.started_at,
            duration_ms=kept.duration_ms,
            request_count=kept.request_count,
            test_count=kept.test_count,
            failed_test_count=kept.failed_test_count,
            error_count=kept.error_count,
            failures=kept.failures,
            url=kept.url,
        )
        == reported
    )
    assert (kept.position, kept.team_id, kept.recorded_at) == (1, caller.team_id, clock.now())
    assert heard.runs == ["1"]


async def test_runs_at_once_are_numbered_without_gaps_and_each_once(services: Services, clock: HeldClock, heard: Heard) -> None:
    caller = await found(services)

    recorded = await asyncio.gather(
        *(record_run(run(clock, run_id=str(number % 5)), caller=caller, services=services) for number in range(20))
    )

    assert sorted(row.position for row in await MonitorRun.all()) == [1, 2, 3, 4, 5]
    assert sum(each.is_new for each in recorded) == 5
    assert sorted(heard.runs) == ["0", "1", "2", "3", "4"]


async def test_runs_of_several_monitors_at_once_are_each_recorded_once_and_in_their_order(
    services: Services, clock: HeldClock, heard: Heard
) -> None:
    caller = await found(services)
    reported = [(f"monitor-{number % 4}", f"run-{number}") for number in range(24)]

    recorded = await asyncio.gather(
        *(
            record_run(run(clock, monitor_key=key, run_id=run_id), caller=caller, services=services)
            for key, run_id in [*reported, *reported]
        )
    )

    assert [each.is_new for each in recorded] == [True] * 24 + [False] * 24
    assert [each.run.id for each in recorded[:24]] == [each.run.id for each in recorded[24:]]
    assert await Monitor.all().count() == 4
    for key in ("monitor-0", "monitor-1", "monitor-2", "monitor-3"):
        rows = await MonitorRun.filter(monitor__key=key).order_by("position")
        assert [row.position for row in rows] == [1, 2, 3, 4, 5, 6]
        assert [row.run_id for row in rows] == [run_id for of, run_id in reported if of == key]
    assert sorted(heard.runs) == sorted(run_id for _, run_id in reported)


async def test_the_same_run_again_changes_nothing(services: Services, clock: HeldClock, heard: Heard) -> None:
    caller = await found(services)
    first = await record_run(run(clock), caller=caller, services=services)
    before = [await model.all().values() for model in (Monitor, MonitorRun, Counter)]

    again = await record_run(
        run(clock, outcome=RunOutcome.FAILED, monitor_name="Renamed", duration_ms=99), caller=caller, services=services
    )

    assert (again.is_new, again.run.id, again.run.duration_ms) == (False, first.run.id, 7)
    assert [await model.all().values() for model in (Monitor, MonitorRun, Counter)] == before
    assert heard.runs == ["1"]


async def test_the_same_run_id_of_another_monitor_or_team_is_another_run(services: Services, clock: HeldClock) -> None:
    caller, other = await found(services), await found(services)

    recorded = [
        await record_run(run(clock), caller=caller, services=services),
        await record_run(run(clock, monitor_key="search"), caller=caller, services=services),
        await record_run(run(clock), caller=other, services=services),
    ]

    assert [each.is_new for each in recorded] == [True] * 3
    assert [each.run.position for each in recorded] == [1] * 3


async def test_a_refused_run_leaves_no_monitor(services: Services, clock: HeldClock, heard: Heard) -> None:
    caller = await found(services)

    with pytest.raises(Refusal):
        await record_run(run(clock, duration_ms=-1), caller=caller, services=services)

    assert (await Monitor.all().count(), await MonitorRun.all().count(), heard.runs) == (0, 0, [])
