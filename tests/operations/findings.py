"""What must not be: in an answer, and in the database after all of them."""

import re
from collections.abc import Iterator

from app.deliveries.models import Delivery as DeliveryRow
from app.errors import RequestRefused, UserErrorCode
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.log.counters import Counter
from app.log.events import Event as EventRow
from app.monitors.models import MonitorRun
from tests.graphql.full import objects_in
from tests.history import logs
from tests.history.kept import Delivery, Event, Kept, Run, Thing
from tests.history.records import History
from tests.tenancy.door import JSON, Answer
from tests.tenancy.kept import strangers
from tests.tenancy.teams import Things

_OURS_TO_MEND = frozenset({"INTERNAL", "UNAVAILABLE", "RATE_LIMITED"})
_CODES = (frozenset(UserErrorCode) | {kind.code for kind in RequestRefused.__subclasses__()}) - _OURS_TO_MEND
_INSIDE = re.compile(
    rb"Traceback|\.py\b|site-packages|object at 0x|NoneType|SELECT .* FROM"
    rb"|(?i:sqlite|asyncpg|tortoise|strawberry|graphql-core|starlette)"
)
"""Words of what the service is made of."""

_LAWS = (logs.the_log_has_no_gap, logs.statuses_follow_each_other, logs.deliveries_stand_in_the_log)


def in_answer(answer: Answer, operation: str, *, theirs: Things) -> Iterator[str]:
    """Say what is wrong with the answer to the operation: our own failure, words of the inside, something of another team."""
    if answer.status >= 500:
        yield f"the status is {answer.status}"
    try:
        results = answer.results
    except ValueError:
        yield "the answer is no JSON"
        return
    for result in results:
        yield from _in_result(result)
    if message := _INSIDE.search(answer.body):
        yield f"the answer tells of the inside: {message[0]!r}"
    for name, key in theirs.live.items():
        if key.encode() in answer.body and key not in operation:
            yield f"the answer tells of another team's {name}"


def _in_result(result: JSON) -> Iterator[str]:
    cost = result.get("extensions", {}).get("cost")
    if cost is not None and cost["requested"] < (answered := objects_in(result.get("data") or {})):
        yield f"{answered} objects are answered, and {cost['requested']} are paid"
    if not {"data", "errors"} & result.keys():
        yield f"the answer is no GraphQL response: {sorted(result)}"
    for error in result.get("errors", ()):
        code = error.get("extensions", {}).get("code")
        if code not in _CODES or not isinstance(error.get("message"), str):
            yield f"an error is {error}"


async def in_rows() -> list[str]:
    """Say what does not agree with itself in the database."""
    kept, none = await _read(), History()
    broken = [f"{finding.law}: {finding.says}" for law in _LAWS for finding in law(none, kept)]
    return [*broken, *await strangers()]


async def _read() -> Kept:
    return Kept(
        counters={str(row.team_id): row.sequence for row in await Counter.all()},
        events=[
            Event(
                id=str(row.id),
                team=str(row.team_id),
                sequence=row.sequence,
                type=row.type,
                about=str(row.subject_id),
                summary=row.summary,
                status=row.status,
                previous=row.previous_status,
            )
            for row in await EventRow.all()
        ],
        runs=[
            Run(id=str(row.id), team=str(row.team_id), monitor=row.monitor.key, run_id=row.run_id)
            for row in await MonitorRun.all().select_related("monitor")
        ],
        things=[
            *[_thing("Integration", row, is_gone=row.deleted_at is not None) for row in await Integration.all()],
            *[_thing("InstalledApp", row, is_gone=row.is_deleted) for row in await InstalledApp.all()],
        ],
        deliveries=[
            Delivery(
                id=str(row.id),
                team=str(row.team_id),
                integration=str(row.integration_id),
                run=str(row.run_id),
                position=row.position,
                status=row.status,
            )
            for row in await DeliveryRow.all()
        ],
    )


def _thing(kind: str, row: Integration | InstalledApp, *, is_gone: bool) -> Thing:
    return Thing(id=str(row.id), team=str(row.team_id), type=kind, fields={}, is_gone=is_gone, status=row.status)
