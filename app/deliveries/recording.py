"""Recording a monitor's run through the API: it answers with what the run made, so it stands above the monitors."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from app.access.callers import Role, Scope
from app.access.rules import PUBLIC_ATTRIBUTE, Rule, attributes
from app.deliveries import loaders
from app.deliveries.models import Delivery as Row
from app.deliveries.notices import notice_of
from app.deliveries.types import Delivery
from app.errors import DatabaseAway
from app.graphql.context import Context, Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.lists import at_most
from app.graphql.scalars import URL
from app.monitors.actions import Recorded, record_run
from app.monitors.models import Failure, RunOutcome
from app.monitors.reported import ReportedRun
from app.monitors.schema import MonitorRun
from app.storage.outages import unknown

RECORDING_RUNS = Rule(Role.MEMBER, (Scope.RUNS_WRITE, Scope.INTEGRATIONS_WRITE))


@strawberry.input(description="A test that failed, or an error.")
class MonitorRunFailureInput:
    name: str = strawberry.field(description="The test's name; cut at 1,000 characters.")
    message: str = strawberry.field(description="What it says; cut at 1,000 characters.")


@strawberry.input(description="One finished run of a monitor.")
class RecordMonitorRunInput:
    monitor_key: str = strawberry.field(
        description="Your own name for the monitor, 1 to 200 characters; the monitor is made by the first run that names it."
    )
    monitor_name: str | None = strawberry.field(
        description="For people; renames the monitor. Left out, it keeps its name, at first the key.", default=None
    )
    run_id: str = strawberry.field(description="Your own name for the run, 1 to 200 characters, unique in the monitor.")
    outcome: RunOutcome = strawberry.field(description="How it ended.")
    started_at: datetime = strawberry.field(description="When it began.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds; 0 where you do not know.")
    request_count: int = strawberry.field(description="How many requests it made.", default=0)
    test_count: int = strawberry.field(description="How many tests it ran.", default=0)
    failed_test_count: int = strawberry.field(description="How many of the tests failed.", default=0)
    error_count: int = strawberry.field(description="How many requests or scripts could not be run to their end.", default=0)
    failures: list[MonitorRunFailureInput] = strawberry.field(
        description="At most 100; names and messages are cut at 1,000 characters.", default_factory=list
    )
    url: URL | None = strawberry.field(description="Where to read more about it.", default=None)

    def reported(self) -> ReportedRun:
        return ReportedRun(
            monitor_key=self.monitor_key,
            monitor_name=self.monitor_name,
            run_id=self.run_id,
            outcome=self.outcome,
            started_at=self.started_at,
            duration_ms=self.duration_ms,
            request_count=self.request_count,
            test_count=self.test_count,
            failed_test_count=self.failed_test_count,
            error_count=self.error_count,
            failures=tuple(Failure(failure.name, failure.message) for failure in self.failures),
            url=self.url,
        )


@strawberry.type(description="What `recordMonitorRun` answers.")
@attributes(PUBLIC_ATTRIBUTE)
class RecordMonitorRunPayload:
    run: MonitorRun | None = strawberry.field(
        description="The run; the first one when it had been recorded before.", default=None
    )
    deliveries: list[Delivery] = strawberry.field(
        description="The ones that this run made, at most 100; all of them stand in their integrations' run logs.",
        default_factory=list,
        metadata=at_most(loaders.MOST_MADE),
    )
    notice: str | None = strawberry.field(
        description=(
            "Why nothing comes of the run, for whoever reports it: no integration listens to its monitor, those that do are"
            " stopped or paused, it was recorded before, or nothing ran."
            " Null where all is well, also where a notify rule keeps quiet."
        ),
        default=None,
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was recorded.", default_factory=list)


@mutation(
    RECORDING_RUNS,
    description=(
        "Report one finished run of a monitor. The same runId of the same monitor again changes nothing and returns the first."
    ),
)
async def record_monitor_run(info: Info, input: RecordMonitorRunInput) -> RecordMonitorRunPayload:
    context = info.context
    recorded = await record_run(input.reported(), caller=context.viewer, services=context.services)
    try:
        made = await _made(recorded, context=context)
        notice = await notice_of(recorded, made=made)
    except DatabaseAway as away:  # by itself it would say that nothing was written
        raise unknown(away.fault) from away
    return RecordMonitorRunPayload(run=MonitorRun.of(recorded.run), deliveries=[Delivery.of(row) for row in made], notice=notice)


async def _made(recorded: Recorded, *, context: Context) -> Sequence[Row]:
    """Return what the run made: read where it was recorded before."""
    if recorded.is_new:
        return [row for row in recorded.made if isinstance(row, Row)][: loaders.MOST_MADE]
    return await loaders.made_by(recorded.run.id, context=context)
