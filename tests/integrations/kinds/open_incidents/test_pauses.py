"""What becomes of outages and their incidents while an integration is paused."""

from app.integrations.models import Integration
from app.integrations.pausing import pause, resume
from tests.installed_apps.world import World
from tests.integrations.incident_scene import DOWN, FAILED, PASSED, SECOND, break_pagerduty, report_all, statuses, told


async def halt(world: World, integration: Integration) -> None:
    await pause(integration.id, caller=world.people.bob, services=world.services)


async def go_on(world: World, integration: Integration) -> None:
    world.clock.advance(SECOND)
    await resume(integration.id, caller=world.people.bob, services=world.services)


async def test_what_is_paused_at_the_third_failure_opens_one_at_the_first_after_it(
    world: World, integration: Integration
) -> None:
    await report_all(world, DOWN[:2])
    await halt(world, integration)
    await report_all(world, (FAILED, FAILED))
    paused = statuses(world)
    await go_on(world, integration)
    await report_all(world, (FAILED, FAILED, PASSED))

    assert paused == []
    assert [each.action for each in told(world)] == ["trigger", "resolve"]


async def test_an_outage_that_begins_and_ends_in_a_pause_is_nobodys(world: World, integration: Integration) -> None:
    await halt(world, integration)
    await report_all(world, (*DOWN, PASSED))
    await go_on(world, integration)
    await report_all(world, (FAILED, PASSED))

    assert told(world) == []


async def test_what_is_paused_while_an_incident_is_open_resolves_it_at_the_first_success_after_it(
    world: World, integration: Integration
) -> None:
    await report_all(world, DOWN)
    await halt(world, integration)
    await report_all(world, (FAILED, PASSED))
    paused = statuses(world)
    await go_on(world, integration)
    await report_all(world, (FAILED, PASSED))

    assert (paused, statuses(world)) == (["triggered"], ["resolved"])
    assert [each.action for each in told(world)] == ["trigger", "resolve"]


async def test_a_pause_that_drops_what_waits_loses_neither_the_opening_nor_the_resolution(
    world: World, integration: Integration
) -> None:
    break_pagerduty(world, 1, fault="status", status=503)
    await report_all(world, DOWN)
    world.clock.advance(SECOND)
    await halt(world, integration)
    await go_on(world, integration)
    await report_all(world, (FAILED,))
    opened = statuses(world)
    break_pagerduty(world, 1, fault="status", status=503)
    await report_all(world, (PASSED,))
    world.clock.advance(SECOND)
    await halt(world, integration)
    await go_on(world, integration)
    open_still = statuses(world)
    await report_all(world, (PASSED, PASSED))

    assert (opened, open_still, statuses(world)) == (["triggered"], ["triggered"], ["resolved"])
    assert [each.action for each in told(world)] == ["trigger", "resolve"]
