"""Monitors come to be by being named; runs are recorded once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from tortoise.expressions import RawSQL, Subquery
from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.access.callers import Caller
from app.log.events import Change
from app.log.quotas import KILOBYTES_OF_DAY, MONITORS, RUNS_OF_DAY, RUNS_OF_MINUTE, require_room
from app.monitors.events import RunRecorded
from app.monitors.models import Monitor, MonitorRun, RunOutcome, write_failures
from app.monitors.reported import ReportedRun, check, check_name, size_of
from app.services import Services
from app.storage.written import Written

_LAST_POSITION = RawSQL('(SELECT MAX("run"."position") FROM "monitor_run" AS "run" WHERE "run"."monitor_id" = "monitor"."id")')
_RUN = Written(lambda run_id: MonitorRun.filter(id=run_id))


def _known(team_id: UUID, key: str, run_id: str) -> QuerySet[Monitor]:
    same = MonitorRun.filter(monitor__team_id=team_id, monitor__key=key, run_id=run_id)
    return Monitor.filter(team_id=team_id, key=key).annotate(last=_LAST_POSITION, same=Subquery(same.values("id")))


_KNOWN = Written(_known)


@dataclass(frozen=True)
class Recorded:
    """A run and its monitor, and what was made of it now.

    `is_new` is False where the run had been recorded before: then nothing was changed.
    """

    monitor: Monitor
    run: MonitorRun
    is_new: bool
    made: Sequence[Model] = ()


async def find_or_make(change: Change, *, key: str, name: str | None = None, field: Sequence[str] = ("monitorKey",)) -> Monitor:
    """Return the team's monitor of that key, made now if there is none.

    A `name` that is given names it anew; without one it begins as the key. Raises Refusal INVALID with the path `field` (or
    `monitorName`) unless both are 1 to 200 characters that can be shown, CONFLICT where a new one would be one too many.
    """
    check_name(key, field=field)
    if name is not None:
        check_name(name, field=["monitorName"])
    return await _name_or_make(
        change, await Monitor.get_or_none(team_id=change.team_id, key=key), key=key, name=name, field=field
    )


async def _name_or_make(
    change: Change, monitor: Monitor | None, *, key: str, name: str | None, field: Sequence[str] = ("monitorKey",)
) -> Monitor:
    if monitor is None:
        await require_room(MONITORS, Monitor.filter(team_id=change.team_id), quotas=change.quotas, field=field)
        return await Monitor.create(id=uuid4(), team_id=change.team_id, key=key, name=name or key, created_at=change.now)
    if name is not None and name != monitor.name:
        monitor.name = name
        await monitor.save(update_fields=["name"])
    return monitor


async def record_run(reported: ReportedRun, *, caller: Caller, services: Services) -> Recorded:
    """Record a finished run, once: the same run id of the same monitor again changes nothing and returns the first.

    Raises Refusal INVALID, which names the field; CONFLICT, with when to come back, where the team has recorded all that it may.
    """
    checked = check(reported, now=services.clock.now())

    async def record(change: Change) -> Recorded:
        key, name = checked.monitor_key, checked.monitor_name
        known = await _KNOWN.ask_one(change.team_id, key, checked.run_id)
        same = await _same_of(known)
        if known is not None and same is not None:
            return Recorded(known, same, is_new=False)
        _spend(change, checked)
        monitor = await _name_or_make(change, known, key=key, name=name)
        run = _run_of(change, monitor, checked, position=_last_of(known) + 1)
        change.add(run)
        recorded = RunRecorded(monitor, run)
        await change.record(recorded)
        return Recorded(monitor, run, is_new=True, made=recorded.made)

    # What hears of a monitor's runs hears of no other's, and a name is one monitor's.
    return await services.events.join(caller.team_id, record, apart=checked.monitor_key, actor=caller.actor)


async def record_test(change: Change, monitor: Monitor) -> MonitorRun:
    """Record a run that nobody ran, for a test message to tell of. Nothing that follows from runs follows from it."""
    first = await MonitorRun.filter(monitor_id=monitor.id).order_by("position").first().only("position")
    run = MonitorRun(
        id=uuid4(),
        team_id=change.team_id,
        monitor=monitor,
        position=min(first.position if first is not None else 0, 0) - 1,
        run_id=f"test-{uuid4()}",
        outcome=RunOutcome.NOTHING_RAN,
        started_at=change.now,
        duration_ms=0,
        request_count=0,
        test_count=0,
        failed_test_count=0,
        error_count=0,
        failures_json=write_failures(()),
        recorded_at=change.now,
    )
    change.add(run)
    return run


def _spend(change: Change, reported: ReportedRun) -> None:
    change.spend(RUNS_OF_MINUTE)
    change.spend(RUNS_OF_DAY)
    change.spend(KILOBYTES_OF_DAY, -(-size_of(reported) // 1000))


def _run_of(change: Change, monitor: Monitor, reported: ReportedRun, *, position: int) -> MonitorRun:
    return MonitorRun(
        id=uuid4(),
        team_id=change.team_id,
        monitor=monitor,
        position=position,
        run_id=reported.run_id,
        outcome=reported.outcome,
        started_at=reported.started_at,
        duration_ms=reported.duration_ms,
        request_count=reported.request_count,
        test_count=reported.test_count,
        failed_test_count=reported.failed_test_count,
        error_count=reported.error_count,
        failures_json=write_failures(reported.failures),
        url=reported.url,
        recorded_at=change.now,
    )


async def _same_of(monitor: Monitor | None) -> MonitorRun | None:
    """Return the run of the monitor that has the run id already, as the query found it."""
    key: UUID | str | None = getattr(monitor, "same", None)
    return await _RUN.ask_one(UUID(str(key))) if key is not None else None


def _last_of(monitor: Monitor | None) -> int:
    """Return the position of the monitor's last run, as the query found it; 0 before the first. Tests do not count."""
    return max(getattr(monitor, "last", None) or 0, 0)
