"""Monitors and their runs in the API."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.connections import Arguments, Connection, UncountedConnection
from app.graphql.context import Batch, Info
from app.graphql.enums import register_enum
from app.graphql.fields import query
from app.graphql.lists import at_most
from app.graphql.nodes import Node
from app.graphql.objects import ShowsRow, objects_by_id
from app.graphql.pages import look_through, paginate
from app.graphql.relations import pages, reference
from app.graphql.row_search import HOW_FAR, showing
from app.graphql.rows import plain_rows_of_team
from app.graphql.scalars import URL
from app.log.counters import kept_total
from app.monitors import loaders, models
from app.monitors.models import RunOutcome
from app.monitors.reported import MOST_FAILURES

register_enum(
    RunOutcome,
    name="MonitorRunOutcome",
    description="How a run ended.",
    members={
        RunOutcome.PASSED: "Every test passed.",
        RunOutcome.FAILED: "At least one test failed.",
        RunOutcome.ERROR: "A request or a script could not be run to its end.",
        RunOutcome.NOTHING_RAN: "No request was made and no test was run: neither a failure nor a success.",
    },
)


@strawberry.type(description="An API check that runs somewhere else and reports its results here.")
@attributes(PUBLIC_ATTRIBUTE)
class Monitor(Node):
    row: strawberry.Private[models.Monitor]
    key: str = strawberry.field(
        description="The caller's own name for it, unique in the team; made by the first run or integration that names it."
    )
    name: str = strawberry.field(description="For people; its key until a run brings another.")

    runs: UncountedConnection["MonitorRun"] = pages(
        loaders.runs_of,
        UncountedConnection,
        lambda row: MonitorRun.of(row),  # type: ignore[has-type]  # noqa: PLW0108 - it stands below
        by="row.id",
        description="What was reported of it, the run recorded last first.",
    )

    of = ShowsRow[models.Monitor]()


@strawberry.type(description="A test that failed in a run, or an error in it.")
@attributes(PUBLIC_ATTRIBUTE)
class MonitorRunFailure:
    name: str = strawberry.field(description="The test's name; cut at 1,000 characters.")
    message: str = strawberry.field(description="What it says; cut at 1,000 characters.")


@strawberry.type(description="One finished run of a monitor, as it was reported.")
@attributes(PUBLIC_ATTRIBUTE)
class MonitorRun(Node):
    row: strawberry.Private[models.MonitorRun]
    run_id: str = strawberry.field(description="The reporter's own name for it, unique in the monitor.")
    outcome: RunOutcome = strawberry.field(description="How it ended.")
    started_at: datetime = strawberry.field(description="When it began, by the reporter's clock.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds; 0 where its report does not tell.")
    request_count: int = strawberry.field(description="How many requests it made.")
    test_count: int = strawberry.field(description="How many tests it ran.")
    failed_test_count: int = strawberry.field(description="How many of the tests failed.")
    error_count: int = strawberry.field(description="How many requests or scripts could not be run to their end.")
    failures: list[MonitorRunFailure] = reference(
        loaders.failures_of,
        lambda failures: [MonitorRunFailure(name=failure.name, message=failure.message) for failure in failures],
        by="row.id",
        rule=PUBLIC_ATTRIBUTE,
        size=at_most(MOST_FAILURES),
        description="What failed, 100 at most.",
    )
    url: URL | None = strawberry.field(description="Where to read more about it.")
    is_test: bool = strawberry.field(
        description="Whether nobody ran it: it was made for a test message to tell of. Such a run is in no monitor's `runs`."
    )

    monitor: Monitor = reference(
        loaders.monitors,
        Monitor.of,
        by="row.monitor_id",
        missing=lambda: LookupError("A run has a monitor in its own team."),
        description="What was run.",
    )

    of = ShowsRow[models.MonitorRun]()


_Search = Annotated[
    str | None,
    strawberry.argument(description=f"Only those whose key or name has this in it, in upper or lower case. {HOW_FAR}"),
]
_Key = Annotated[str, strawberry.argument(description="The monitor's key.")]


@query(description="The team's monitors, newest first. Without a search, all are counted.")
async def monitors(info: Info, page: Arguments, search: _Search = None) -> Connection[Monitor]:
    rows, sought = plain_rows_of_team(models.Monitor, info.context), showing(search, "key", "name")
    if search:
        return Connection.of(await look_through(rows, page, sought), Monitor.of)
    total = partial(kept_total, info.context.viewer.team_id, "monitors")
    return Connection.of(await paginate(rows, page, total=total), Monitor.of)


@query(description="The team's monitor that is called so; null where none is, which `recordMonitorRun` would make.")
async def monitor(info: Info, key: _Key) -> Monitor | None:
    row = await info.context.load(loaders.monitors_by_key, key)
    return Monitor.of(row) if row is not None else None


QUERY: dict[str, Any] = {"monitors": monitors, "monitor": monitor}
NODES: dict[type, Batch[UUID, Any]] = {
    Monitor: objects_by_id(Monitor.of, loaders.monitors),
    MonitorRun: objects_by_id(MonitorRun.of, loaders.runs),
}
