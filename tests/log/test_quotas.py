"""What a team may have and do: one more is refused with the number, and leaves every row as it was."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from app.access.callers import Scope
from app.deliveries.models import Delivery
from app.errors import Refusal, UserErrorCode
from app.installed_apps.adding import add as add_app
from app.installed_apps.deleting import delete as delete_app
from app.integrations.deleting import delete as delete_integration
from app.integrations.models import Integration
from app.integrations.pausing import pause
from app.integrations.sources import BySignIn, ThroughApp
from app.log.counters import Counter
from app.log.events import Event
from app.log.quota_settings import Quotas
from app.monitors.models import Failure, Monitor, MonitorRun
from app.sealing.secret import Secret
from app.storage import database
from app.teams.access_tokens import issue_access_token
from app.teams.models import BrowserSession
from app.teams.removing import remove_member
from app.teams.revoking_tokens import revoke as revoke_access_token
from app.teams.secrets import make_secret
from app.teams.sessions import MOST_OF_MEMBER, open_session
from tests.installed_apps.git_servers import GITLAB
from tests.installed_apps.world import World
from tests.integrations.scene import channel, place, posting
from tests.log.quotas import conflict_of, join, limit, make_token, place_another, record, told


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


async def test_channels_stay_what_they_were_when_the_last_place_is_taken(world: World) -> None:
    app = await world.share(world.people.ada)
    limit(world, max_integrations=1)
    await place(world, world.people.bob, ThroughApp(app.id), settings=posting(channel_id=channel(2)))

    await conflict_of(place(world, world.people.bob, ThroughApp(app.id), settings=posting(channel_id=channel(3))))
