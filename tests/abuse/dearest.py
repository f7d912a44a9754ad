"""The dearest operations that the service takes, over a team whose lists are as long as they ask for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from app.log.counters import Counter
from app.log.events import Event
from app.monitors.models import Failure, Monitor, MonitorRun, RunOutcome, write_failures
from app.monitors.reported import MOST_FAILURES
from app.storage import database

MONITORS, RUNS = 50, 100
EVENTS = 100
_NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
_RUN = "id runId outcome startedAt durationMs requestCount testCount failedTestCount errorCount url"
_MOMENTS = " ".join(f"a{number}: startedAt" for number in range(19))
_EVENT = "id cursor sequence type occurredAt subjectId summary actor { id name email role } subject { id } origin { address }"

DEAREST: Mapping[str, str] = {
    "runs of monitors": f"{{ monitors(first: 49) {{ nodes {{ id runs(first: 100) {{ nodes {{ {_RUN} }} }} }} }} }}",
    "runs with their monitors": "{ monitors(first: 49) { nodes { runs(first: 50) { nodes { id monitor { id key name } } } } } }",
    "edges": "{ monitors(first: 49) { edges { cursor node { runs(first: 49) { edges { cursor node { id runId } } } } } } }",
    "moments by alias": f"{{ monitors(first: 50) {{ nodes {{ runs(first: 50) {{ nodes {{ {_MOMENTS} }} }} }} }} }}",
    "failures": "{ monitors(first: 48) { nodes { runs(first: 1) { nodes { failures { name message } } } } } }",
    "runs of the monitors of runs": (
        "{ monitors(first: 1) { nodes { runs(first: 48) { nodes { monitor { "
        "runs(first: 49) { nodes { id monitor { key } } } } } } } } }"
    ),
    "events": "{ " + " ".join(f"e{number}: events(last: 100) {{ nodes {{ {_EVENT} }} }}" for number in range(12)) + " }",
}
"""Each costs nearly all that an operation may."""


async def fill(*, team_id: UUID, member_id: UUID) -> None:
    """Give the team so many monitors, runs and events."""

    async def write(connection: BaseDBAsyncClient) -> None:
        monitors = [_monitor(team_id, number) for number in range(MONITORS)]
        await Monitor.bulk_create(monitors, using_db=connection)
        runs = [_run(monitor, number) for monitor in monitors for number in range(1, RUNS + 1)]
        await MonitorRun.bulk_create(runs, batch_size=500, using_db=connection)
        counter = await Counter.get(team_id=team_id, using_db=connection)
        last = counter.sequence + EVENTS
        events = [_event(team_id, member_id, number) for number in range(counter.sequence + 1, last + 1)]
        await Event.bulk_create(events, using_db=connection)
        await Counter.filter(team_id=team_id).using_db(connection).update(sequence=last)

    await database.write(write)


def _monitor(team_id: UUID, number: int) -> Monitor:
    created_at = _NOW + timedelta(seconds=number)
    return Monitor(id=uuid4(), team_id=team_id, key=f"monitor {number}", name=f"monitor {number}", created_at=created_at)


def _run(monitor: Monitor, number: int) -> MonitorRun:
    return MonitorRun(
        id=uuid4(),
        team_id=monitor.team_id,
        monitor_id=monitor.id,
        position=number,
        run_id=f"run {number}",
        outcome=RunOutcome.FAILED,
        started_at=_NOW,
        duration_ms=1,
        request_count=1,
        test_count=MOST_FAILURES,
        failed_test_count=MOST_FAILURES,
        error_count=0,
        failures_json=_FAILURES,
        url=None,
        recorded_at=_NOW,
    )


def _event(team_id: UUID, member_id: UUID, number: int) -> Event:
    return Event(
        id=uuid4(),
        team_id=team_id,
        sequence=number,
        type="TEAM_MEMBER_ROLE_CHANGED",
        occurred_at=_NOW,
        actor_id=member_id,
        subject_id=member_id,
        summary="Something happened.",
        origin_address="192.0.2.1",
    )


_FAILURES = write_failures([Failure(f"test {number}", "expected 200 to be 500") for number in range(MOST_FAILURES)])
