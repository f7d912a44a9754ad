"""A team that has one of everything, and one of everything that is gone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from app.access.callers import Caller, Role, Scope, scopes_of
from app.deliveries.jobs import deliver_due
from app.deliveries.models import Delivery
from app.forecasts.jobs import look_due
from app.installed_apps.deleting import delete as delete_app
from app.installed_apps.models import InstalledApp
from app.integrations.deleting import delete
from app.integrations.models import Integration
from app.integrations.sources import BySignIn, ThroughApp
from app.log.event_types import EventType
from app.log.events import Event
from app.monitors.actions import Recorded, record_run
from app.monitors.models import Failure, RunOutcome
from app.monitors.reported import ReportedRun
from app.sealing.secret import Secret
from app.sign_ins.models import Grant
from app.teams.access_tokens import CreatedToken
from app.teams.adding import add_member
from app.teams.creating_tokens import create as create_access_token
from app.teams.removing import remove_member
from app.teams.revoking_tokens import revoke as revoke_access_token
from app.teams.sign_in_links import make_sign_in_link
from tests.installed_apps.git_servers import GITHUB, GITLAB, Host
from tests.installed_apps.world import People, World, gid
from tests.integrations.activity_scene import have_told, tell, telling
from tests.integrations.git_scene import connect
from tests.integrations.incident_scene import put_to_use, share_key
from tests.integrations.scene import channel, place, posting
from tests.repositories.scene import ref_of
from tests.sign_ins.world import write


class Who(StrEnum):
    """Who asks: a token with all that its member's role allows, one that may only report runs, or nobody."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"
    RUNS_WRITE = "RUNS_WRITE"
    NOBODY = "NOBODY"


@dataclass(frozen=True)
class Places:
    """Where a team is connected to, and was."""

    workspace: str
    account: str
    former_workspace: str
    host: Host
    former_host: Host


OURS = Places("Acme", "T0ACME001", "Initech", GITLAB, GITHUB)
THEIRS = Places("Globex", "T0GLOBEX002", "Initech", GITHUB, GITLAB)


@dataclass(frozen=True)
class Things:
    """`live` and `gone` are ids by the name of their type, or of what a row of the matrix calls them.

    What members have one of each is there by the asking one's role too, and as another's.
    """

    people: People
    tokens: Mapping[Who, Secret]
    live: Mapping[str, str]
    gone: Mapping[str, str]


async def furnish(world: World, people: People, places: Places) -> Things:
    """Give the team everything. Time passes between one thing and the next, so that no two were made at one moment."""
    ada = people.ada
    apps = await _add_apps(world, people, places)
    integrations = await _add_integrations(world, people, places, apps)
    recorded = await _record(world, people.bob, "latest")
    tokens = await _make_tokens(world, people)
    signed_in = await places.host.sign_in(world, ada, apps["git"], "ada")
    left = await _let_one_leave(world, people)
    await _foretell(world, apps["slack"])
    event = await Event.get(team_id=people.team_id, sequence=1)
    live = {
        "Team": gid("Team", people.team_id),
        "TeamMember": gid("TeamMember", people.cid.member_id),
        "AccessToken": gid("AccessToken", tokens["spare"].row.id),
        "another's AccessToken": gid("AccessToken", tokens["another's"].row.id),
        "InstalledApp": gid("InstalledApp", apps["slack"].id),
        "git app": gid("InstalledApp", apps["git"].id),
        "Integration": gid("Integration", integrations["post"].id),
        "own integration": gid("Integration", integrations["own"].id),
        "connected": gid("Integration", integrations["connected"].id),
        "activity integration": gid("Integration", integrations["activity"].id),
        "Monitor": gid("Monitor", recorded.monitor.id),
        "MonitorRun": gid("MonitorRun", recorded.run.id),
        "Delivery": await _delivery_of(integrations["stopped"]),
        "Event": gid("Event", event.id),
        "Channel": channel(2, account=places.account),
        "Repository": ref_of(world, places.host, "acme/payments-api").id,
        "git sign-in": gid("Authorization", signed_in.id),
        **await _sign_in(world, people),
    }
    gone = {
        "TeamMember": gid("TeamMember", left),
        "AccessToken": gid("AccessToken", tokens["gone"].row.id),
        "InstalledApp": gid("InstalledApp", apps["gone"].id),
        "git app": gid("InstalledApp", apps["gone git"].id),
        "Integration": gid("Integration", integrations["gone"].id),
        "Delivery": await _delivery_of(integrations["gone"]),
        "hidden Channel": channel(5, account=places.account),
        "never Channel": channel(999, account=places.account),
        "hidden Repository": ref_of(world, places.host, "globex/secret-plans").id,
        "never Repository": replace(ref_of(world, places.host, "globex/secret-plans"), repository_id="999999").id,
    }
    return Things(people, {who: tokens[who].token for who in Who if who in tokens}, live, gone)


async def _foretell(world: World, app: InstalledApp) -> None:
    """Have the app said to stop: what it holds is refused its renewal."""
    await write(lambda: Grant.filter(id=app.grant_id).update(refusals=2))
    await look_due(services=world.services)


async def _add_apps(world: World, people: People, places: Places) -> dict[str, InstalledApp]:
    ada, bob = people.ada, people.bob
    apps = {"slack": await world.share(ada, places.workspace), "gone": await world.share(bob, places.former_workspace)}
    for name, host in (("git", places.host), ("gone git", places.former_host)):
        _pass(world)
        apps[name] = await host.add(world, ada, name=name)
        await host.sign_in(world, bob, apps[name], "ada")
    return apps


async def _add_integrations(
    world: World, people: People, places: Places, apps: Mapping[str, InstalledApp]
) -> dict[str, Integration]:
    """Add one of each kind through an app, one with its own sign-in, one that stopped, and one that is gone."""
    ada, bob = people.ada, people.bob
    settings = posting(channel_id=channel(account=places.account))
    made: dict[str, Integration] = {}
    for name, caller in (("post", bob), ("gone", bob)):
        _pass(world)
        made[name] = (await place(world, caller, ThroughApp(apps["slack"].id), name=name, settings=settings)).integration
    own = BySignIn(await world.sign_in(bob, places.workspace), shares_with_team=False)
    made["own"] = (await place(world, bob, own, name="own", settings=settings)).integration
    elsewhere = posting(channel_id=channel(account="T0INITECH003"))
    made["stopped"] = (await place(world, bob, ThroughApp(apps["gone"].id), name="stopped", settings=elsewhere)).integration
    made["connected"] = await connect(world, bob, apps["git"], places.host, name="connected")
    made["disconnected"] = await connect(world, bob, apps["gone git"], places.former_host, name="disconnected")
    told = telling(channel_id=channel(2, account=places.account), types=[EventType.DELIVERY_SUCCEEDED])
    made["activity"] = await have_told(world, apps["slack"].id, name="activity", caller=bob, settings=told)
    made["incidents"] = await put_to_use(world, await share_key(world, ada), caller=bob)
    _pass(world)
    await _record(world, bob, "first")
    while await deliver_due(services=world.services):
        _pass(world)
    await tell(world)
    await delete(made["gone"].id, caller=bob, services=world.services)
    for name in ("gone", "gone git"):
        _pass(world)
        await delete_app(apps[name].id, caller=ada, services=world.services)
    return made


async def _record(world: World, caller: Caller, run_id: str) -> Recorded:
    """Report a run: what posts through the deleted app has failed with it at once."""
    _pass(world)
    run = ReportedRun(
        monitor_key="checkout",
        run_id=run_id,
        outcome=RunOutcome.FAILED,
        started_at=world.clock.now(),
        duration_ms=1200,
        failures=(Failure(f"the test of {run_id}", "It failed."),),
    )
    return await record_run(run, caller=caller, services=world.services)


async def _sign_in(world: World, people: People) -> dict[str, str]:
    """Return finished sign-ins of three members; a member has begun another, and one of theirs has failed."""
    found: dict[str, str] = {}
    for name, caller in (("", people.ada), (Who.MEMBER, people.bob), ("another's", people.cid)):
        _pass(world)
        found[f"{name} Authorization".strip()] = gid("Authorization", await world.sign_in(caller, "Initech"))
    await world.decline(people.bob)
    await world.begin(people.bob)
    members_own = found[f"{Who.MEMBER} Authorization"]
    return found | {f"{who} Authorization": members_own for who in (Who.VIEWER, Who.RUNS_WRITE)}


async def _make_tokens(world: World, people: People) -> dict[str, CreatedToken]:
    """Make a token for each of those who ask, and some that are only asked about."""
    read = frozenset({Scope.READ})
    wanted: dict[str, tuple[Caller, frozenset[Scope]]] = {
        Who.ADMIN: (people.ada, scopes_of(Role.ADMIN)),
        Who.MEMBER: (people.bob, scopes_of(Role.MEMBER)),
        Who.VIEWER: (people.vera, scopes_of(Role.VIEWER)),
        Who.RUNS_WRITE: (people.bob, frozenset({Scope.RUNS_WRITE})),
        "spare": (people.ada, read),
        "another's": (people.cid, read),
        "gone": (people.ada, read),
    }
    tokens = {}
    for name, (caller, scopes) in wanted.items():
        _pass(world)
        tokens[name] = await create_access_token(
            caller=caller, name=name, scopes=scopes, expires_in_days=90, services=world.services
        )
    await revoke_access_token(caller=people.ada, token_id=tokens["gone"].row.id, services=world.services)
    return tokens


async def _let_one_leave(world: World, people: People) -> UUID:
    """Return the id of a member who has left; another has a link to sign in by."""
    services, team_id = world.services, people.team_id
    joined = await add_member(
        team_id=team_id, actor=None, name="Dora", email="dora@example.com", role=Role.MEMBER, services=services
    )
    await remove_member(team_id=team_id, actor=people.ada.actor, member_id=joined.member.id, services=services)
    await make_sign_in_link(member_id=people.bob.member_id, services=services)
    return joined.member.id


async def _delivery_of(integration: Integration) -> str:
    newest = await Delivery.filter(integration_id=integration.id).order_by("-position").first()
    assert newest is not None
    return gid("Delivery", newest.id)


def _pass(world: World) -> None:
    world.clock.advance(timedelta(seconds=2))
