"""What the asking team has at the moment, so that operations find something; what they used up is made again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from app.access.callers import Caller, Scope, scopes_of
from app.deliveries.jobs import deliver_due
from app.deliveries.models import Delivery
from app.graphql.ids import encode_id
from app.graphql.streams import LogCursors
from app.installed_apps.deleting import delete
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.integrations.sources import ThroughApp
from app.log.counters import head
from app.log.events import Event
from app.monitors.actions import record_run
from app.monitors.models import Monitor, MonitorRun, RunOutcome
from app.monitors.reported import ReportedRun
from app.sealing.secret import Secret
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState
from app.teams.adding import add_member
from app.teams.changing_roles import change_role
from app.teams.creating_tokens import create as create_access_token
from app.teams.models import AccessToken, Member
from tests.installed_apps.world import World
from tests.integrations.git_scene import connect
from tests.integrations.scene import channel, place, posting
from tests.tenancy.teams import OURS, Things, Who
from tests.tenancy.values import NOBODYS

_NEWEST = 8


class Stock:
    """`random` chooses what is made; `message` are answered from what was there when it was last renewed."""

    def __init__(self, world: World, ours: Things, theirs: Things, *, who: Who, random: Random) -> None:
        self._world = world
        self._ours = ours
        self._theirs = theirs
        self._who = who
        self._random = random
        self._live: dict[str, list[str]] = {}
        self._gone: dict[str, list[str]] = {}
        self._cursors: dict[str, list[str]] = defaultdict(list)
        self._numbers = count(1)
        self._token: tuple[UUID, Secret] | None = None

    @property
    def token(self) -> Secret | None:
        """What the asking one shows, good when it was last renewed."""
        return self._token[1] if self._token is not None else None

    async def renew(self) -> None:
        """Let time pass and work be done, make what is missing, and look at what there is."""
        world, people = self._world, self._world.people
        for caller in (people.ada, people.bob, people.vera):
            await self._bring_back(caller)
        await self._renew_token()
        slack, git = await self._apps()
        await self._integrations(slack, git)
        asking = self._caller()
        if asking.can_write and not await self._sign_ins(asking, AuthorizationStatus.COMPLETED):
            await world.sign_in(asking, self._random.choice(["Acme", "Acme", "Globex", "Initech"]))
        outcome = self._random.choice(list(RunOutcome))
        run = ReportedRun(
            monitor_key="checkout", run_id=self._fresh(), outcome=outcome, started_at=world.clock.now(), duration_ms=1
        )
        await record_run(run, caller=people.bob, services=world.services)
        world.clock.advance(timedelta(seconds=1))
        await deliver_due(services=world.services)
        await self._look()

    def find(self, word: str) -> str:
        """Return what a word of an operation stands for."""
        match word.rpartition(":"):
            case "", "", "fresh":
                return self._fresh()
            case "", "", "git url":
                return OURS.former_host.url(self._world)
            case "", "", "git name":
                return OURS.former_host.name
            case name, ":", number:
                choices = self._choices(name)
                return choices[int(number) % len(choices)] if choices else encode_id("Integration", NOBODYS)
        raise LookupError(word)

    def note_cursors(self, answer: Any, *, within: str = "") -> None:
        """Keep the cursors of lists that the answer shows."""
        match answer:
            case dict():
                for name, value in answer.items():
                    if name in {"cursor", "endCursor", "startCursor"} and isinstance(value, str):
                        self._cursors[within] = [*self._cursors[within][-_NEWEST:], value]
                    self.note_cursors(value, within=within if name in {"edges", "nodes", "pageInfo"} else name)
            case list():
                for value in answer:
                    self.note_cursors(value, within=within)

    def _choices(self, name: str) -> Sequence[str]:
        kind, _, rest = name.partition(" ")
        match kind:
            case "cursor":
                return self._cursors.get(rest) or self._live["log"]
            case "gone":
                return self._gone.get(rest) or list(self._ours.gone.values())
            case "theirs":
                return [self._theirs.live.get(rest) or self._theirs.live["Integration"]]
            case _:
                return self._live.get(name) or [self._ours.live.get(name, name)]

    def _fresh(self) -> str:
        return f"fresh-{next(self._numbers)}"

    def _caller(self) -> Caller:
        people = self._world.people
        return {Who.ADMIN: people.ada, Who.MEMBER: people.bob, Who.RUNS_WRITE: people.bob}.get(self._who, people.vera)

    async def _bring_back(self, caller: Caller) -> None:
        """Have the member be what they were."""
        member, services = await Member.get(id=caller.member_id), self._world.services
        if member.has_left:
            await add_member(
                team_id=caller.team_id, actor=None, name=member.name, email=member.email, role=caller.role, services=services
            )
        elif member.role is not caller.role:
            await change_role(team_id=caller.team_id, actor=None, member_id=member.id, role=caller.role, services=services)

    async def _renew_token(self) -> None:
        if self._who is Who.NOBODY:
            return
        if self._token is not None and await AccessToken.exists(id=self._token[0], revoked_at=None):
            return
        caller = self._caller()
        scopes = {Scope.RUNS_WRITE} if self._who is Who.RUNS_WRITE else scopes_of(caller.role)
        made = await create_access_token(
            caller=caller, name="Asking", scopes=scopes, expires_in_days=90, services=self._world.services
        )
        self._token = made.row.id, made.token

    async def _apps(self) -> tuple[InstalledApp, InstalledApp]:
        """Return the team's Slack app and its Git server's, where the members who need it have signed in."""
        world, people = self._world, self._world.people
        living = InstalledApp.filter(team_id=people.team_id, deleted_at=None)
        for broken in [app for app in await living if app.status != "ACTIVE" or not await self._works(app)]:
            await delete(broken.id, caller=people.ada, services=world.services)
        slack = await living.filter(oauth_client_id=None, account_id=OURS.account).first()
        git = await living.filter(url=OURS.host.url(world)).first()
        if git is None:
            git = await OURS.host.add(world, people.ada)
            for caller in self._signed_in_at_git():
                await OURS.host.sign_in(world, caller, git, "ada")
        return slack or await world.share(people.ada, OURS.workspace), git

    async def _works(self, app: InstalledApp) -> bool:
        """Whether nobody lost their sign-in there, as with a client that was edited."""
        members = {caller.member_id for caller in self._signed_in_at_git()}
        grants = Grant.filter(oauth_client_id=app.oauth_client_id, state=GrantState.ACTIVE)
        is_ours = app.url == OURS.host.url(self._world)
        return not is_ours or members <= set(await grants.values_list("member_id", flat=True))

    def _signed_in_at_git(self) -> Sequence[Caller]:
        return self._world.people.ada, self._world.people.bob

    async def _integrations(self, slack: InstalledApp, git: InstalledApp) -> None:
        world, bob = self._world, self._world.people.bob
        living = Integration.filter(team_id=bob.team_id, deleted_at=None)
        if not await living.filter(kind="post-monitoring-results", status="ACTIVE").exists():
            settings = posting(channel_id=channel(account=OURS.account))
            await place(world, bob, ThroughApp(slack.id), name=self._fresh(), settings=settings)
        if not await living.filter(kind="connect-api").exists():
            await connect(world, bob, git, OURS.host, name=self._fresh())

    async def _sign_ins(self, caller: Caller, *statuses: AuthorizationStatus, at_git: bool = False) -> list[str]:
        own = Authorization.filter(member_id=caller.member_id, oauth_client_id__isnull=not at_git)
        found = await own.filter(status__in=statuses).order_by("-begun_at").limit(_NEWEST)
        return [encode_id("Authorization", row.id) for row in found]

    async def _look(self) -> None:
        asking, team_id = self._caller(), self._world.people.team_id
        integrations = Integration.filter(team_id=team_id).order_by("-created_at")
        apps = InstalledApp.filter(team_id=team_id).order_by("-created_at")
        tokens = AccessToken.filter(member_id=asking.member_id).exclude(id=self._token[0] if self._token else NOBODYS)
        of_team: Mapping[str, Any] = {
            "Integration": integrations.filter(deleted_at=None),
            "own integration": integrations.filter(deleted_at=None, grant_id__isnull=False),
            "connected": integrations.filter(deleted_at=None, kind="connect-api"),
            "InstalledApp": apps.filter(deleted_at=None),
            "git app": apps.filter(deleted_at=None, oauth_client_id__isnull=False),
            "TeamMember": Member.filter(team_id=team_id, left_at=None).order_by("-joined_at"),
            "AccessToken": tokens.filter(revoked_at=None),
            "Delivery": Delivery.filter(team_id=team_id).order_by("status", "-created_at"),
            "Monitor": Monitor.filter(team_id=team_id),
            "MonitorRun": MonitorRun.filter(team_id=team_id),
            "Event": Event.filter(team_id=team_id).order_by("-sequence"),
        }
        types = {"own integration": "Integration", "connected": "Integration", "git app": "InstalledApp"}
        for name, rows in of_team.items():
            self._live[name] = await _ids(types.get(name, name), rows)
        self._gone["Integration"] = await _ids("Integration", integrations.filter(deleted_at__isnull=False))
        self._gone["InstalledApp"] = await _ids("InstalledApp", apps.filter(deleted_at__isnull=False))
        completed, used = AuthorizationStatus.COMPLETED, (AuthorizationStatus.USED, AuthorizationStatus.PENDING)
        self._live["Authorization"] = await self._sign_ins(asking, completed) or await self._sign_ins(asking, *used)
        self._live["git sign-in"] = await self._sign_ins(asking, completed, at_git=True)
        end = await head(team_id)
        cursors = LogCursors(team_id)
        self._live["log"] = [cursors.write([number]) for number in range(max(0, end - _NEWEST), end + 1)]


async def _ids(type_name: str, rows: Any) -> list[str]:
    return [encode_id(type_name, row.id) for row in await rows.limit(_NEWEST)]
