"""What a team may have and do: one more is refused with the number, and leaves every row as it was."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.access.callers import Role, Scope
from app.deliveries.models import Delivery
from app.errors import Refusal, UserErrorCode
from app.installed_apps.adding import add as add_app
from app.installed_apps.deleting import delete as delete_app
from app.installed_apps.models import InstalledApp
from app.integrations.deleting import delete as delete_integration
from app.integrations.models import Integration
from app.integrations.pausing import pause
from app.integrations.sources import BySignIn, ThroughApp
from app.log.events import Counter, Event, Events
from app.log.quota_settings import Quotas
from app.monitors.actions import record_run
from app.monitors.models import Failure, Monitor, MonitorRun, RunOutcome
from app.monitors.reported import ReportedRun
from app.sealing.secret import Secret
from app.service.reactions import REACTIONS
from app.storage import database
from app.teams.access_tokens import issue_access_token
from app.teams.adding import add_member
from app.teams.changing_roles import change_role
from app.teams.creating_tokens import create as create_access_token
from app.teams.models import AccessToken, BrowserSession, Member
from app.teams.removing import remove_member
from app.teams.revoking_tokens import revoke as revoke_access_token
from app.teams.secrets import make_secret
from app.teams.sessions import MOST_OF_MEMBER, open_session
from tests.held import HeldClock
from tests.installed_apps.git_servers import GITLAB
from tests.installed_apps.world import World, make_world, refusal_of
from tests.integrations.scene import channel, place, posting

RECORD = """mutation ($input: RecordMonitorRunInput!) {
  recordMonitorRun(input: $input) { run { id } userErrors { code message field retryAfter } } }"""


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


def limit(world: World, **most: int) -> None:
    """Let teams have and do so much from now on, as another start of the service with these settings does."""
    services = world.services
    events = Events(clock=world.clock, reactions=REACTIONS, wake=services.watcher.wake, quotas=Quotas(**most))
    world.services = replace(services, events=events)


def run(world: World, run_id: str, **more: Any) -> ReportedRun:
    plain = ReportedRun(
        monitor_key="checkout", run_id=run_id, outcome=RunOutcome.FAILED, started_at=world.clock.now(), duration_ms=7
    )
    return replace(plain, **more)


async def record(world: World, run_id: str, **more: Any) -> UUID:
    return (await record_run(run(world, run_id, **more), caller=world.people.bob, services=world.services)).run.id


async def join(world: World, name: str) -> Member:
    adding = add_member(
        team_id=world.people.team_id,
        actor=world.people.ada.actor,
        name=name,
        email=f"{name.lower()}@example.com",
        role=Role.MEMBER,
        services=world.services,
    )
    return (await adding).member


async def make_token(world: World, name: str = "CI") -> AccessToken:
    caller = world.people.ada
    made = await create_access_token(caller=caller, name=name, scopes=[Scope.READ], expires_in_days=1, services=world.services)
    return made.row


async def place_another(world: World, app: InstalledApp) -> Integration:
    return (await place(world, world.people.bob, ThroughApp(app.id))).integration


async def conflict_of(attempt: Awaitable[object]) -> Refusal:
    """Return the refusal, which is a CONFLICT and has left every row as it was."""
    refused = await refusal_of(attempt)
    assert refused.code is UserErrorCode.CONFLICT
    return refused


async def told(attempt: Awaitable[object]) -> str:
    return (await conflict_of(attempt)).message


async def test_members_are_so_many_and_one_who_leaves_makes_room(world: World) -> None:
    limit(world, max_members=5)
    eve = await join(world, "Eve")

    message = await told(join(world, "Finn"))
    await remove_member(team_id=world.people.team_id, actor=world.people.ada.actor, member_id=eve.id, services=world.services)
    await join(world, "Finn")
    again = await told(join(world, "Eve"))

    assert message == again
    assert message == (
        "Your team has 5 members, which is as many as there may be: remove one who is not needed, or have your operator raise "
        "INSTALLED_APPS_MAX_MEMBERS."
    )


async def test_access_tokens_are_so_many_of_a_member_and_of_a_team(world: World) -> None:
    limit(world, max_access_tokens_of_member=2, max_access_tokens=3)
    made = [await make_token(world, name) for name in ("one", "two")]

    of_member = await told(make_token(world))
    await issue(world, world.people.bob.member_id)
    of_team = await told(issue(world, world.people.cid.member_id))
    await revoke_access_token(caller=world.people.ada, token_id=made[0].id, services=world.services)
    await make_token(world)
    world.clock.advance(timedelta(days=1))  # the member's have run out
    await make_token(world)

    assert of_member.startswith("This member has 2 access tokens in force, which is as many as there may be: revoke one")
    assert of_team.startswith("Your team has 3 access tokens in force, which is as many as there may be: revoke some")


async def issue(world: World, member_id: UUID) -> None:
    """Make a token as the operator's command line does: what holds for members holds for it."""
    await issue_access_token(
        team_id=world.people.team_id,
        member_id=member_id,
        name="CI",
        scopes=[Scope.READ],
        expires_in_days=9,
        services=world.services,
    )


async def test_installed_apps_are_so_many_whatever_they_hold(world: World) -> None:
    limit(world, max_installed_apps=1)
    ada = world.people.ada
    first = await world.share(ada)
    waiting = await world.sign_in(ada, "Globex")

    by_sign_in = await told(add_app(waiting, name=None, caller=ada, services=world.services))
    by_client = await told(GITLAB.add(world, ada))
    while_adding = await told(place(world, ada, BySignIn(waiting, shares_with_team=True)))
    await delete_app(first.id, caller=ada, services=world.services)
    await GITLAB.add(world, ada)

    assert by_sign_in == by_client == while_adding
    assert by_sign_in.startswith("Your team has 1 installed apps, which is as many as there may be: delete one that nobody needs")


async def test_integrations_are_so_many(world: World) -> None:
    app = await world.share(world.people.ada)
    limit(world, max_integrations=2)
    first, _ = await place_another(world, app), await place_another(world, app)

    message = await told(place_another(world, app))
    await delete_integration(first.id, caller=world.people.bob, services=world.services)
    await place_another(world, app)

    assert message.startswith("Your team has 2 integrations, which is as many as there may be: delete one that nobody needs")


async def test_monitors_are_so_many_whoever_names_one(world: World) -> None:
    app = await world.share(world.people.ada)
    limit(world, max_monitors=1)
    await record(world, "first")

    by_run = await conflict_of(record(world, "second", monitor_key="search"))
    elsewhere = posting(monitor_key="search")
    by_integration = await conflict_of(place(world, world.people.bob, ThroughApp(app.id), settings=elsewhere))
    await record(world, "second")

    assert by_run.message.startswith("Your team has 1 monitors, which is as many as there may be: use a monitorKey that is there")
    assert (by_run.field, by_integration.field) == (("monitorKey",), ("settings", "postMonitoringResults", "monitorKey"))


async def test_a_monitor_is_posted_by_so_many_integrations(world: World) -> None:
    limit(world, max_integrations_of_monitor=2)
    app = await world.share(world.people.ada)
    first, _ = await place_another(world, app), await place_another(world, app)

    message = await told(place_another(world, app))
    await delete_integration(first.id, caller=world.people.bob, services=world.services)
    await place_another(world, app)

    assert message.startswith("This monitor has 2 integrations that listen to it, which is as many as there may be: delete")


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


@pytest.mark.parametrize(
    ("most", "act"),
    [
        ({"max_runs_per_minute": 4}, lambda world, number: record(world, str(number))),
        ({"max_monitors": 4}, lambda world, number: record(world, "1", monitor_key=str(number))),
        ({"max_access_tokens_of_member": 4}, lambda world, number: make_token(world, str(number))),
        ({"max_members": 8}, lambda world, number: join(world, f"Eve{number}")),
        ({"max_changes_per_day": 4}, lambda world, number: join(world, f"Eve{number}")),
    ],
    ids=lambda case: next(iter(case)) if isinstance(case, dict) else "",
)
async def test_of_many_at_once_no_more_come_in_than_may(
    world: World, most: dict[str, int], act: Callable[[World, int], Awaitable[object]]
) -> None:
    limit(world, **most)
    world.clock.advance(timedelta(days=1))

    answers = await asyncio.gather(*(act(world, number) for number in range(12)), return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {refusal.code for refusal in refused} == {UserErrorCode.CONFLICT}
    assert (len(refused), len(answers) - len(refused)) == (8, 4)


async def test_a_team_that_is_beyond_a_quota_keeps_what_it_has(world: World) -> None:
    app = await world.share(world.people.ada)
    integrations = [await place_another(world, app) for _ in range(3)]
    await make_token(world)
    before = await Event.all().count()
    limit(world, max_integrations=1, max_installed_apps=1, max_members=1, max_access_tokens=1, max_access_tokens_of_member=1)

    await pause(integrations[0].id, caller=world.people.bob, services=world.services)
    await record(world, "1")

    assert await Integration.filter(deleted_at__isnull=True).count() == 3
    assert await Event.all().count() > before
    await conflict_of(place_another(world, app))


async def test_zero_is_no_limit(world: World) -> None:
    limit(world, **dict.fromkeys(Quotas.model_fields, 0))
    app = await world.share(world.people.ada)

    await place_another(world, app)
    await record(world, "1", failures=(Failure("Pay", "x" * 1_000),) * 100)
    await make_token(world)
    await join(world, "Eve")

    assert (await MonitorRun.all().count(), await Delivery.all().count(), await Monitor.all().count()) == (1, 1, 1)


async def test_what_one_team_uses_is_not_taken_from_another(world: World) -> None:
    limit(world, max_runs_per_minute=1)
    await record(world, "1")

    count = await Counter.filter(used__isnull=False).count()

    assert count == 1
    await conflict_of(record(world, "2"))


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


async def test_a_member_has_so_many_sessions_and_the_oldest_goes(world: World) -> None:
    bob, cid = world.people.bob.member_id, world.people.cid.member_id
    others = await sign_in(world, cid)

    opened = [await sign_in(world, bob) for _ in range(MOST_OF_MEMBER + 2)]

    assert {row.hash for row in await BrowserSession.all()} == {others, *opened[2:]}


async def sign_in(world: World, member_id: UUID) -> str:
    """Open a session of the member's, and return the hash of its cookie."""
    cookie: Secret = make_secret(world.services.entropy)
    world.clock.advance(timedelta(seconds=1))

    async def put(_: object) -> None:
        await open_session(member_id, cookie, now=world.clock.now())

    await database.write(put)
    newest = await BrowserSession.filter(member_id=member_id).order_by("-created_at").first()
    assert newest is not None
    return newest.hash


async def test_nothing_that_is_refused_is_counted(world: World) -> None:
    limit(world, max_runs_per_day=2)
    for number in range(3):
        with pytest.raises(Refusal):
            await record(world, f"bad {number}", duration_ms=-1)
    await record(world, str(uuid4()))

    await record(world, str(uuid4()))

    assert await MonitorRun.all().count() == 2


async def test_channels_stay_what_they_were_when_the_last_place_is_taken(world: World) -> None:
    app = await world.share(world.people.ada)
    limit(world, max_integrations=1)
    await place(world, world.people.bob, ThroughApp(app.id), settings=posting(channel_id=channel(2)))

    await conflict_of(place(world, world.people.bob, ThroughApp(app.id), settings=posting(channel_id=channel(3))))
