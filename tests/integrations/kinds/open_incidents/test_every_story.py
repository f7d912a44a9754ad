"""Whatever runs come, in whatever order, and whatever PagerDuty answers in between: one incident for one outage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, groupby

from hypothesis import HealthCheck, given, settings, strategies as st

from app.deliveries.jobs import deliver_due
from app.installed_apps.models import InstalledApp
from app.monitors.models import RunOutcome
from tests.installed_apps.world import World
from tests.integrations.incident_scene import (
    FAILED,
    NOTHING_RAN,
    PASSED,
    SECOND,
    deliver,
    incidents,
    put_to_use,
    report,
    share_key,
    told,
)
from tests.journeys.soaking import full

_names = count(1)


@dataclass(frozen=True)
class Step:
    """A run that began `early` seconds before it is recorded; `delivers`: what waits is delivered then, or else later."""

    outcome: RunOutcome
    early: int
    delivers: bool
    breaks: bool


STEPS = st.builds(
    Step,
    outcome=st.sampled_from([FAILED, FAILED, FAILED, PASSED, NOTHING_RAN]),
    early=st.sampled_from([0, 0, 0, 0, 2, 5]),
    delivers=st.booleans(),
    breaks=st.booleans(),
)


def outages_of(steps: Sequence[Step]) -> list[bool]:
    """Return for each outage, three failures in a row or more among the runs that were not late, whether it is over."""
    latest, timely = -10, list[bool]()
    for moment, step in enumerate(steps):
        if step.outcome is not NOTHING_RAN and moment - step.early >= latest:
            latest = moment - step.early
            timely.append(step.outcome is FAILED)
    rows = [(fails, len(list(row))) for fails, row in groupby(timely)]
    return [place < len(rows) - 1 for place, (fails, length) in enumerate(rows) if fails and length >= 3]


@settings(max_examples=full(250, ci=5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
async def test_there_are_as_many_incidents_as_outages_each_opened_before_it_is_resolved(world: World, steps: list[Step]) -> None:
    world.sandbox.control("reset")
    monitor_key = f"monitor-{next(_names)}"
    app = await InstalledApp.get_or_none(provider="pagerduty") or await share_key(world)
    await put_to_use(world, app, monitor_key=monitor_key)

    for step in steps:
        began = world.clock.now() + SECOND * (1 - step.early)
        await report(world, step.outcome, monitor_key=monitor_key, began=began)
        if step.breaks:
            world.sandbox.control("faults", provider="pagerduty", endpoint="enqueue", fault="reset", when="midway")
        if step.delivers:
            await deliver_due(services=world.services)
    world.sandbox.http.delete("/control/faults")
    await deliver(world, during=timedelta(minutes=20))

    wanted = outages_of(steps)
    assert [incident["status"] == "resolved" for incident in incidents(world)] == wanted
    events = told(world)
    assert len({each.key for each in events if each.action == "trigger"}) == len(wanted)
    for key in {each.key for each in events}:
        actions = [each.action for each in events if each.key == key]
        assert actions == sorted(actions, reverse=True), "a trigger comes before every resolve"
        assert actions[0] == "trigger"
