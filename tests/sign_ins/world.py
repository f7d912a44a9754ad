"""A service that signs members in, its routes, the sandbox's Slack over real HTTP, and browsers between them."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
from pydantic import SecretStr
from starlette.applications import Starlette
from tortoise.backends.base.client import BaseDBAsyncClient

from app.access.callers import Caller, Role
from app.log.actors import Actor
from app.log.events import Change, Event, Reactions
from app.outbound import Outbound
from app.outbound.answers import Answers
from app.outbound.quiet import QuietTimes
from app.outbound.single_flight import SingleFlight
from app.sandbox.slack_app import CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET
from app.services import Services
from app.settings import Settings
from app.sign_ins import grants, reactions
from app.sign_ins.beginning import begin, start_url
from app.sign_ins.events import GrantEnded, GrantRecovered, GrantTroubled
from app.sign_ins.models import Authorization, Grant
from app.sign_ins.routes import routes
from app.storage import database
from app.teams.events import MemberRemoved
from app.teams.models import Member, Team
from app.teams.routes import routes as teams_routes
from app.teams.sign_in_links import make_sign_in_link
from tests.held import HeldClock
from tests.sandbox.running import Sandbox
from tests.services import PUBLIC_URL, make_services, settings_with
from tests.teams.people import by_session, found, join

FROM_HERE = {"Origin": PUBLIC_URL}


@dataclass
class World:
    """`told` is what was said of grants, in order."""

    services: Services
    sandbox: Sandbox
    app: Starlette
    admin: Member
    told: list[GrantTroubled | GrantEnded | GrantRecovered] = field(default_factory=list)

    @property
    def clock(self) -> HeldClock:
        return self.sandbox.clock

    @property
    def caller(self) -> Caller:
        return by_session(self.admin)

    def client(self) -> httpx2.AsyncClient:
        """Return a browser that nobody is signed in with."""
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL, follow_redirects=False)

    @asynccontextmanager
    async def browser(self, member: Member | None = None) -> AsyncIterator["Browser"]:
        """Yield a browser that is signed in as the member, by default the admin."""
        link = await make_sign_in_link(member_id=(member or self.admin).id, services=self.services)
        async with self.client() as http:
            answer = await http.post(link.reveal(), headers=FROM_HERE)
            assert answer.status_code == 303
            # The held clock may be long past for the jar, which goes by the machine's.
            for name, cookie in SimpleCookie(answer.headers["set-cookie"]).items():
                http.cookies.set(name, cookie.value)
            yield Browser(self, http)

    async def begin(self, caller: Caller | None = None, *, wanted: str | None = None) -> Authorization:
        return await begin(provider_key="slack", wanted_account_id=wanted, caller=caller or self.caller, services=self.services)

    async def start(self, row: Authorization) -> str:
        return await start_url(row, services=self.services)

    async def sign_in(self, workspace: str = "Acme", *, member: Member | None = None, wanted: str | None = None) -> Authorization:
        """Begin a sign-in and carry it to its end, whatever that is."""
        row = await self.begin(by_session(member or self.admin), wanted=wanted)
        async with self.browser(member) as browser:
            await browser.http.get(await browser.go(row, workspace))
        return await Authorization.get(id=row.id)

    async def use(self, row: Authorization, *, shared: bool = True, wanted: str | None = None) -> Grant:
        async def put(change: Change) -> Grant:
            return await grants.use(
                change, row.id, member_id=row.member_id, shared=shared, wanted_account_id=wanted, field=["id"]
            )

        return await self.services.events.change(row.team_id, put, actor=Actor(row.member_id))

    async def grant(self, workspace: str = "Acme", *, member: Member | None = None, shared: bool = True) -> Grant:
        """Sign in and put it to use."""
        return await self.use(await self.sign_in(workspace, member=member), shared=shared)

    async def retire(self, grant: Grant) -> None:
        async def go(change: Change) -> None:
            await grants.retire(change, grant.id)

        await self.services.events.change(grant.team_id, go)

    async def other_team(self, name: str = "Comet") -> Member:
        return (await found(self.services, name=name)).admin

    async def join(self, name: str, role: Role = Role.MEMBER) -> Member:
        return await join(self.services, await Team.get(id=self.admin.team_id), name=name, role=role)

    def requests(self, endpoint: str) -> int:
        """Count what the sandbox was asked, by the end of the path."""
        return sum(seen["path"].endswith("/" + endpoint) for seen in self.sandbox.state()["requests"])

    @property
    def token_requests(self) -> int:
        return self.requests("oauth.v2.access")

    async def reach(self, *, token_requests: int) -> None:
        """Wait until the provider was asked for tokens so many times."""
        for _ in range(1000):
            if self.token_requests >= token_requests:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the provider was not asked")

    def fault(self, endpoint: str | None, fault: str, **more: object) -> None:
        body = {"provider": "slack", "fault": fault, **({} if endpoint is None else {"endpoint": endpoint}), **more}
        assert self.sandbox.control("faults", **body).status_code == 200

    def living(self, workspace: str = "Acme") -> list[dict[str, Any]]:
        """Return the grants of the workspace that have not ended, as the sandbox holds them."""
        held = self.sandbox.state()
        ids = {each["id"] for each in held["workspaces"] if each["name"] == workspace}
        return [each for each in held["grants"] if each["workspace"] in ids and each["ended"] is None]

    async def hear(self, body: object, *, secret: str = SIGNING_SECRET, provider: str = "slack") -> httpx2.Response:
        """Deliver a signed event."""
        raw = json.dumps(body).encode()
        async with self.client() as http:
            return await http.post(f"/hooks/{provider}", content=raw, headers=self.sign(raw, secret=secret))

    def sign(self, raw: bytes, *, secret: str = SIGNING_SECRET) -> dict[str, str]:
        timestamp = str(int(self.clock.now().timestamp()))
        digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + raw, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    def without_flights(self) -> Services:
        """Return the services as another process beside this one has them: nothing under way is shared."""
        events = self.services.events
        twin = type(events)(clock=self.clock, reactions=reactions_of(self.told), wake=lambda _: None)
        return replace(self.services, events=twin, single_flight=SingleFlight(), answers=Answers(), quiet_times=QuietTimes())


@dataclass
class Browser:
    """Signed in at the service; also what a person does at the provider."""

    world: World
    http: httpx2.AsyncClient

    async def depart(self, row: Authorization) -> str:
        """Go on from the page of the sign-in and return where the browser is sent."""
        address = await self.world.start(row)
        assert (await self.http.get(address)).status_code == 200
        answer = await self.http.post(address, headers=FROM_HERE)
        assert answer.status_code == 303
        return str(answer.headers["location"])

    def decide(self, address: str, workspace: str = "Acme", decision: str = "approve") -> str:
        """Decide on the provider's page and return where it sends the browser back to."""
        answer = self.world.sandbox.http.post(address, data={"workspace": workspace, "decision": decision})
        assert answer.status_code == 302
        return str(answer.headers["location"])

    async def go(self, row: Authorization, workspace: str = "Acme", decision: str = "approve") -> str:
        """Do both, and return the callback's address."""
        return self.decide(await self.depart(row), workspace, decision)


@asynccontextmanager
async def open_world(sandbox: Sandbox, *, folder: Path, exchange_deadline: float = 20.0, **changed: Any) -> AsyncIterator[World]:
    settings = settings_for(sandbox, folder=folder, **changed)
    told: list[GrantTroubled | GrantEnded | GrantRecovered] = []
    outbound = Outbound(sandbox=("127.0.0.1", urlsplit(sandbox.url).port or 0))
    async with make_services(
        folder=folder, clock=sandbox.clock, reactions=reactions_of(told), settings=settings, outbound=outbound
    ) as services:
        served = [*routes(services=services, exchange_deadline=exchange_deadline), *teams_routes(services=services)]
        founded = await found(services, name="Orbit")
        yield World(services, sandbox, Starlette(routes=served), founded.admin, told)


def settings_for(sandbox: Sandbox, *, folder: Path, **changed: Any) -> Settings:
    return settings_with(
        **{
            "data_dir": folder,
            "slack_client_id": CLIENT_ID,
            "slack_client_secret": SecretStr(CLIENT_SECRET),
            "slack_signing_secret": SecretStr(SIGNING_SECRET),
            "slack_url": f"{sandbox.url}/slack",
            **changed,
        }
    )


def reactions_of(told: list[GrantTroubled | GrantEnded | GrantRecovered]) -> Reactions:
    async def hear(_change: Change, domain_event: GrantTroubled | GrantEnded | GrantRecovered) -> None:
        told.append(domain_event)

    return {
        MemberRemoved: (reactions.end_their_grants,),
        GrantTroubled: (hear,),
        GrantEnded: (hear,),
        GrantRecovered: (hear,),
    }


async def write(statement: Callable[[], Awaitable[object]]) -> None:
    """Change rows as nobody in the service would: behind its back."""

    async def run(_: BaseDBAsyncClient) -> None:
        await statement()

    await database.write(run)


async def rows() -> dict[str, Any]:
    """Return everything that the database holds of sign-ins and grants, and the log's length."""
    return {
        "authorizations": sorted(await Authorization.all().values(), key=lambda row: str(row["id"])),
        "grants": sorted(await Grant.all().values(), key=lambda row: str(row["id"])),
        "events": await Event.all().count(),
    }


async def log(subject: UUID) -> list[str]:
    return [row.type for row in await Event.filter(subject_id=subject).order_by("sequence")]
