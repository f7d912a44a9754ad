"""What a team may do in a minute and in a day."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.access.callers import Role
from app.deliveries.models import Delivery
from app.errors import Refusal
from app.installed_apps.deleting import delete as delete_app
from app.integrations.deleting import delete as delete_integration
from app.integrations.pausing import pause
from app.monitors.models import Failure, MonitorRun
from app.teams.adding import add_member
from app.teams.changing_roles import change_role
from app.teams.removing import remove_member
from app.teams.revoking_tokens import revoke as revoke_access_token
from tests.installed_apps.world import World
from tests.log.quotas import conflict_of, join, limit, make_token, place_another, record, told

RECORD = """mutation ($input: RecordMonitorRunInput!) {
  recordMonitorRun(input: $input) { run { id } userErrors { code message field retryAfter } } }"""


async def test_runs_of_a_minute_are_so_many_and_it_is_said_when_to_come_back(world: World) -> None:
    limit(world, max_runs_per_minute=2)
    world.clock.advance(timedelta(seconds=37))
    first = await record(world, "1")
    await record(world, "2")

    refused = await conflict_of(record(world, "3"))
    again = await record(world, "1")  # as a CI that tries again does: it is there already
    world.clock.advance(timedelta(seconds=23))
    await record(world, "3")

    assert (again, refused.retry_after) == (first, 23)
    assert refused.message == (
        "A team may record 2 runs a minute, and yours has none left: try again in 23 seconds, or have your operator raise "
        "INSTALLED_APPS_MAX_RUNS_PER_MINUTE."
    )


async def test_runs_of_a_day_are_so_many_and_others_go_on(world: World) -> None:
    limit(world, max_runs_per_day=1)
    await record(world, "1")

    refused = await conflict_of(record(world, "2"))
    await join(world, "Eve")
    world.clock.advance(timedelta(hours=14))
    await record(world, "2")

    assert refused.message.startswith("A team may record 1 runs a day, and yours has none left: try again in 14 h 0 min, or")


async def test_the_size_of_a_days_runs_is_bounded_and_small_ones_still_go_in(world: World) -> None:
    limit(world, max_run_kilobytes_per_day=10)
    large = (Failure("Pay", "é" * 1_000),) * 4
    await record(world, "1", failures=large)

    refused = await conflict_of(record(world, "2", failures=large))
    await record(world, "2")

    assert refused.message.startswith("A team may record 10 kB of runs a day, and yours has only 1 left: try again in 14 h")


async def test_one_run_that_is_larger_than_a_days_is_let_in_once_a_day(world: World) -> None:
    limit(world, max_run_kilobytes_per_day=1)

    await record(world, "1", failures=(Failure("Pay", "x" * 1_000),) * 4)

    await conflict_of(record(world, "2"))


async def test_deliveries_of_a_day_are_so_many_and_the_run_that_would_make_more_is_not_recorded(world: World) -> None:
    app = await world.share(world.people.ada)
    for _ in range(2):
        await place_another(world, app)
    limit(world, max_deliveries_per_day=3)
    await record(world, "1")

    refused = await conflict_of(record(world, "2"))
    await record(world, "2", monitor_key="posted by nobody")

    assert refused.message.startswith("A team may have 3 deliveries made a day, and yours has none left: try again in 14 h")
    assert await Delivery.all().count() == 2


async def test_changes_of_a_day_are_so_many_and_what_takes_something_away_goes_on(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    app = await world.share(ada)
    integration = await place_another(world, app)
    token = await make_token(world)
    limit(world, max_changes_per_day=1)
    world.clock.advance(timedelta(days=1))
    await pause(integration.id, caller=bob, services=world.services)

    refused = [
        await told(attempt)
        for attempt in (
            make_token(world),
            join(world, "Eve"),
            world.begin(bob),
            demote(world, bob.member_id),
        )
    ]
    await record(world, "1")
    await revoke_access_token(caller=ada, token_id=token.id, services=world.services)
    await delete_integration(integration.id, caller=bob, services=world.services)
    await delete_app(app.id, caller=ada, services=world.services)
    await remove_member(team_id=ada.team_id, actor=ada.actor, member_id=bob.member_id, services=world.services)
    await add_member(
        team_id=ada.team_id, actor=None, name="Eve", email="eve@example.com", role=Role.MEMBER, services=world.services
    )  # as the operator

    [message] = set(refused)
    assert message.startswith("A team may make 1 changes a day, and yours has none left: try again in 14 h 0 min, or have your")
    assert message.endswith("INSTALLED_APPS_MAX_CHANGES_PER_DAY.")


async def demote(world: World, member_id: UUID) -> None:
    ada = world.people.ada
    await change_role(team_id=ada.team_id, actor=ada.actor, member_id=member_id, role=Role.VIEWER, services=world.services)


async def test_a_sign_in_that_was_begun_is_finished_however_many_changes_there_were(world: World) -> None:
    limit(world, max_changes_per_day=1)
    world.clock.advance(timedelta(days=1))

    await world.sign_in(world.people.bob)

    await conflict_of(world.begin(world.people.bob))


async def test_clients_are_told_after_how_many_seconds(world: World) -> None:
    limit(world, max_runs_per_minute=1)
    given = {
        "monitorKey": "checkout",
        "outcome": "PASSED",
        "startedAt": world.clock.now().isoformat(),
        "durationMs": 1,
    }
    await world.ask(RECORD, world.people.bob, input=given | {"runId": "1"})

    answer = await world.ask(RECORD, world.people.bob, input=given | {"runId": "2"})

    [error] = answer["recordMonitorRun"]["userErrors"]
    assert answer["recordMonitorRun"]["run"] is None
    assert (error["code"], error["field"], error["retryAfter"]) == ("CONFLICT", None, 60)


async def test_nothing_that_is_refused_is_counted(world: World) -> None:
    limit(world, max_runs_per_day=2)
    for number in range(3):
        with pytest.raises(Refusal):
            await record(world, f"bad {number}", duration_ms=-1)
    await record(world, str(uuid4()))

    await record(world, str(uuid4()))

    assert await MonitorRun.all().count() == 2
