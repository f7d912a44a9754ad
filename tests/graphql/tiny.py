"""A schema of a few fields, for what every schema stands on."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any, cast
from uuid import UUID

import httpx2
import strawberry
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from app.access.callers import ALL_SCOPES, Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, Rule, attributes
from app.errors import BadUserInput, Refusal, Unauthenticated, UserErrorCode
from app.graphql.connections import Arguments, Connection, ForwardArguments, UncountedConnection
from app.graphql.context import Context, Info
from app.graphql.errors import UserError
from app.graphql.execution.schema import Schema
from app.graphql.fields import mutation, query, relation, subscription
from app.graphql.lists import at_most
from app.graphql.provider_pages import from_provider_pages
from app.graphql.scalars import URL
from app.graphql.transport.endpoint import Authenticate
from app.graphql.transport.view import View
from app.redis.rate_limits import Rates
from app.services import Services
from app.settings import Settings
from app.teams.enums import Role, Scope
from app.telemetry.meters import Meters
from app.telemetry.tracing import NoTracing, Tracing
from tests.graphql.in_memory import page_of
from tests.held import HeldClock

TEAM = UUID(int=1)
MEMBER = UUID(int=2)
CREDENTIAL = UUID(int=3)


@strawberry.type(description="A thing with a name.")
@attributes(PUBLIC_ATTRIBUTE)
class Thing:
    name: str = strawberry.field(description="Its name.")

    @relation(description="The things behind it in the alphabet.")
    async def others(self, info: Info, page: Arguments) -> Connection["Thing"]:
        names = [name for name in NAMES if name > self.name]
        assert info.context.viewer.team_id == TEAM
        return Connection.of(page_of(names, page, key=str), _thing)

    @relation(description="Waits until it may go on.")
    async def patience(self, info: Info) -> str:
        world = cast(World, info.context.services.vault)
        world.begun.set()
        try:
            await world.go_on.wait()
        finally:
            world.closed.set()
        return self.name

    @relation(description="Raises what the world says.")
    async def trouble(self, info: Info) -> str | None:
        world = cast(World, info.context.services.vault)
        world.begun.set()
        world.cause()
        return self.name

    @relation(description="How many letters its name has, counted for many at once.")
    async def length(self, info: Info) -> int:
        return await info.context.load(measure, self.name)


def _thing(name: str) -> Thing:
    return Thing(name=name)


NAMES = [chr(letter) * 3 for letter in range(ord("a"), ord("z") + 1)]


async def measure(keys: Sequence[str], /, *, context: Context) -> Sequence[int]:
    cast(World, context.services.vault).batches.append(list(keys))
    return [len(key) for key in keys]


@strawberry.input(description="Everything that can be wrong.")
class ClientInput:
    url: URL = strawberry.field(description="An address.")
    client_secret: str = strawberry.field(description="A secret.")
    role: Role | None = strawberry.field(description="A role.", default=strawberry.UNSET)
    since: datetime | None = strawberry.field(description="A moment.", default=strawberry.UNSET)
    count: int | None = strawberry.field(description="A number.", default=strawberry.UNSET)
    names: list[str] | None = strawberry.field(description="Names.", default=strawberry.UNSET)
    choice: "ChoiceInput | None" = strawberry.field(description="One of two.", default=strawberry.UNSET)


@strawberry.input(one_of=True, description="One of two.")
class ChoiceInput:
    left: strawberry.Maybe[str] = strawberry.field(description="Left.")
    right: strawberry.Maybe[int] = strawberry.field(description="Right.")


@strawberry.type(description="What came of it.")
@attributes(PUBLIC_ATTRIBUTE)
class ClientPayload:
    name: str | None = strawberry.field(description="The name.", default=None)
    things: list[Thing] = strawberry.field(description="Things.", default_factory=list, metadata=at_most(1))
    user_errors: list[UserError] = strawberry.field(description="Why not.", default_factory=list)


@strawberry.type(description="Questions.")
class Query:
    @query(description="The caller's role.")
    async def role(self, info: Info) -> Role:
        return info.context.viewer.role

    @query(description="Things by name.")
    async def things(self, info: Info, page: Arguments, search: str | None = strawberry.UNSET) -> Connection[Thing]:
        assert info.context.viewer.team_id == TEAM
        return Connection.of(page_of([name for name in NAMES if (search or "") in name], page, key=str), _thing)

    @query(description="One thing.")
    def thing(self, info: Info, name: str) -> Thing | None:
        assert info.context.viewer.team_id == TEAM
        return Thing(name=name) if name in NAMES else None

    @query(description="Raises what the world says.")
    async def trouble(self, info: Info) -> str | None:
        cast(World, info.context.services.vault).cause()
        return None

    @query(description="The same where null is not expected.")
    async def needed(self, info: Info) -> str:
        assert info.context.viewer.team_id == TEAM
        return cast(str, None)

    @query(description="A moment and an address.")
    async def scalars(self, info: Info, at: datetime, url: URL) -> str:
        assert info.context.viewer.team_id == TEAM
        return f"{at.isoformat()} {url}"

    @query(description="The clock's moment.")
    async def now(self, info: Info) -> datetime:
        return info.context.services.clock.now()

    @query(description="By id.")
    async def node(self, info: Info, id: strawberry.ID) -> str | None:
        assert info.context.viewer.team_id == TEAM
        assert id
        return None

    @query(description="What a provider pages.")
    async def places(self, info: Info, page: ForwardArguments) -> "UncountedConnection[Place]":
        assert info.context.viewer.team_id == TEAM

        async def fetch(cursor: str | None, limit: int) -> tuple[list[str], str | None]:
            start = int(cursor or 0)
            return [f"place {number}" for number in range(start, start + limit)], str(start + limit)

        return UncountedConnection.of(await from_provider_pages(fetch, page), lambda name: Place(name=name))


@strawberry.type(description="A place.")
@attributes(PUBLIC_ATTRIBUTE)
class Place:
    name: str = strawberry.field(description="Its name.")


@strawberry.type(description="Changes.")
class Mutation:
    @mutation(CHANGING, description="Adds a client.")
    async def add_client(self, info: Info, input: ClientInput) -> ClientPayload:
        if input.client_secret == "somebody else's":
            world = cast(World, info.context.services.vault)
            world.begun.set()
            await world.go_on.wait()
            world.ended.set()
            raise Refusal(UserErrorCode.FORBIDDEN, "Only who made it may change it.")
        if input.client_secret == "taken":
            raise Refusal(UserErrorCode.ALREADY_EXISTS, "There is one.", field=("clientSecret",))
        cast(World, info.context.services.vault).added.append(input.url)
        return ClientPayload(name=str(input.url), things=[Thing(name="aaa")])

    @mutation(Rule(Role.ADMIN, (Scope.RUNS_WRITE, Scope.ADMIN)), description="Waits until it may go on.")
    async def wait(self, info: Info) -> ClientPayload:
        world = cast(World, info.context.services.vault)
        world.begun.set()
        await world.go_on.wait()
        world.added.append("waited")
        world.ended.set()
        world.cause()
        return ClientPayload(name="waited")


@strawberry.type(description="Events.")
class Subscription:
    @subscription(description="Counts.")
    async def count(self, info: Info, to: int, after: str | None = strawberry.UNSET) -> AsyncGenerator[int, None]:
        if after == "gone":
            raise BadUserInput("That cursor is none.")
        assert info.context.viewer.team_id == TEAM
        for number in range(1, to + 1):
            yield number

    @subscription(description="One thing again and again.")
    async def thing_changed(self, info: Info, times: int) -> AsyncGenerator[Thing, None]:
        assert info.context.viewer.team_id == TEAM
        for _ in range(times):
            yield Thing(name="aaa")

    @subscription(description="One thing after the other.")
    async def thing_came(self, info: Info, times: int) -> AsyncGenerator[Thing, None]:
        assert info.context.viewer.team_id == TEAM
        cast(World, info.context.services.vault).beginning()
        for name in islice(cycle(NAMES), times):
            yield Thing(name=name)

    @subscription(description="One event, then none.")
    async def silence(self, info: Info) -> AsyncGenerator[int, None]:
        world = cast(World, info.context.services.vault)
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            world.closed.set()


@dataclass
class World:
    """What the tiny schema stands on, and what it did."""

    clock: HeldClock = field(default_factory=HeldClock)
    settings: Settings = field(default_factory=lambda: Settings(allowed_origins=("https://friend.example",)))
    rates: Rates | None = None
    cpu_seconds: Callable[[], float] | None = None
    meters: Meters = field(default_factory=Meters)
    tracing: Tracing = field(default_factory=NoTracing)
    caller: Caller | None = None
    cause: Callable[[], None] = lambda: None
    beginning: Callable[[], None] = lambda: None
    added: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    refused: list[tuple[UUID, str, str]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    revoked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def services(self) -> Services:
        missing: Any = None
        return Services(
            settings=self.settings,
            clock=self.clock,
            entropy=bytes,
            vault=cast(Any, self),
            outbound=missing,
            events=missing,
            watcher=missing,
            rates=self.rates,
            meters=self.meters,
            tracing=self.tracing,
        )

    async def authenticate(self, connection: HTTPConnection, credential: str | None) -> Caller | None:
        """Take "Bearer good" for `caller`, the cookie for a session, nothing for nobody, all else for bad."""
        self.asked.append(credential)
        match credential:
            case "Bearer good":
                return self.caller or caller()
            case None:
                return caller(is_session=True) if "session" in connection.cookies else None
        raise Unauthenticated("That access token is not one of ours.")

    def note(self, caller: Caller, action: str, why: str) -> None:
        self.refused.append((caller.member_id, action, why))

    async def until(self, _: Caller) -> None:
        await self.revoked.wait()

    def view(self, *, authenticate: Authenticate | None = None, **options: Any) -> View:
        """`options` are the view's: `deadline` and `read_within`, in seconds, and `insistence`."""
        asking, until = authenticate or self.authenticate, self.until
        return View(
            schema(),
            authenticate=asking,
            services=self.services,
            until=until,
            note_refusal=self.note,
            cpu_seconds=self.cpu_seconds,
            **options,
        )

    @asynccontextmanager
    async def client(
        self, *, authenticate: Authenticate | None = None, **options: Any
    ) -> AsyncGenerator[httpx2.AsyncClient, None]:
        """A client that is signed in, unless a request says otherwise."""
        transport = httpx2.ASGITransport(app=Starlette(routes=self.view(authenticate=authenticate, **options).routes()))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            client.headers["Authorization"] = "Bearer good"
            yield client


def caller(
    *,
    role: Role = Role.ADMIN,
    scopes: frozenset[Scope] = ALL_SCOPES,
    is_session: bool = False,
    expires_at: datetime | None = None,
) -> Caller:
    return Caller(TEAM, MEMBER, role, scopes, CREDENTIAL, is_session, expires_at)


def schema() -> Schema:
    return Schema(Query, Mutation, Subscription)


def soon(seconds: float) -> datetime:
    return datetime(2026, 11, 21, 10, 0, tzinfo=UTC) + timedelta(seconds=seconds)
