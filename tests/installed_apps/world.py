"""A team whose members sign in at the sandbox's Slack, over the whole service but its HTTP."""

import functools
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr

from app.access.callers import Caller, Role
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Context
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.installed_apps.adding import add
from app.installed_apps.models import InstalledApp
from app.log.events import Event
from app.outbound import Outbound
from app.sandbox import create_sandbox
from app.sandbox.slack_app import CLIENT_ID, CLIENT_SECRET
from app.sealing.secret import Secret
from app.service.reactions import REACTIONS
from app.service.schema import build_schema
from app.services import Services
from app.sign_ins.beginning import Departure, begin, depart
from app.sign_ins.callbacks import Returned
from app.sign_ins.completion import complete
from app.sign_ins.models import Authorization
from tests import databases
from tests.held import HeldClock
from tests.installed_apps import founding
from tests.sandbox.running import Sandbox, query_of
from tests.servers import NO_TLS, run_server
from tests.services import make_services, settings_with
from tests.teams.people import by_session, found, join

PASSING = {"grant": {"last_used_at", "last_checked_at", "next_check_at", "quiet_until"}}
"""What asking a provider may write, whatever becomes of the mutation that asked."""


@dataclass(frozen=True)
class People:
    """A team: its admin, two members and one who only reads."""

    ada: Caller
    bob: Caller
    cid: Caller
    vera: Caller

    @property
    def team_id(self) -> UUID:
        return self.ada.team_id


@dataclass
class World:
    services: Services
    sandbox: Sandbox
    clock: HeldClock
    people: People
    others: list[People] = field(default_factory=list)

    async def begin(self, caller: Caller) -> Authorization:
        return await begin(provider_key="slack", caller=caller, services=self.services)

    async def sign_in(self, caller: Caller, workspace: str = "Acme") -> UUID:
        """Let the caller sign in at the workspace, and return the finished sign-in's id."""
        row = await self.begin(caller)
        departure = await depart(row, services=self.services)
        assert isinstance(departure, Departure)
        answer = self.sandbox.http.post(departure.url, data={"workspace": workspace, "decision": "approve"})
        code = Secret(query_of(answer)["code"])
        await complete(Returned(await Authorization.get(id=row.id), code, None), services=self.services)
        return row.id

    async def decline(self, caller: Caller) -> UUID:
        """Let the caller's sign-in fail."""
        row = await self.begin(caller)
        await complete(Returned(row, None, "access_denied"), services=self.services)
        return row.id

    async def share(self, caller: Caller, workspace: str = "Acme", *, name: str | None = None) -> InstalledApp:
        return await add(await self.sign_in(caller, workspace), name=name, caller=caller, services=self.services)

    async def ask(self, document: str, caller: Caller, **variables: object) -> Any:
        """Return the answer's data; fail on any error."""
        result = await self.answer(document, caller, **variables)
        assert not result.errors, result.errors
        return result.data

    async def answer(self, document: str, caller: Caller, **variables: object) -> Any:
        return await schema().execute(document, context_value=self.context(caller), variable_values=dict(variables))

    def context(self, caller: Caller) -> Context:
        return Context(caller=caller, services=self.services, request_id="1")


@functools.cache
def schema() -> Schema:
    return build_schema()


async def make_people(services: Services, *, name: str) -> People:
    founded = await found(services, name=name)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    cid = await join(services, founded.team, name="Cid", role=Role.MEMBER)
    vera = await join(services, founded.team, name="Vera", role=Role.VIEWER)
    return People(by_session(founded.admin), by_session(bob), by_session(cid), by_session(vera))


@asynccontextmanager
async def make_world(*, folder: Path, clock: HeldClock) -> AsyncIterator[World]:
    with (
        run_server(create_sandbox(clock=clock)) as url,
        httpx2.Client(base_url=url, trust_env=False, verify=NO_TLS, timeout=5) as http,
    ):
        parts = urlsplit(url)
        settings = settings_with(
            data_dir=folder,
            slack_url=f"{url}/slack",
            slack_client_id=CLIENT_ID,
            slack_client_secret=SecretStr(CLIENT_SECRET),
        )
        outbound = Outbound(sandbox=(str(parts.hostname), int(parts.port or 0)))
        making = make_services(folder=folder, clock=clock, reactions=REACTIONS, settings=settings, outbound=outbound)
        async with founded(making, keyring=folder / "keyring.json", moment=clock.now()) as (services, people):
            yield World(services, Sandbox(url, clock, http), clock, people)


@asynccontextmanager
async def founded(
    making: AbstractAsyncContextManager[Services], *, keyring: Path, moment: datetime
) -> AsyncIterator[tuple[Services, People]]:
    """Yield the services and the team Orbit. Where there is something already, it is founded beside that."""
    is_due, before = await founding.is_due(keyring), founding.find(moment)
    repeated = await before.repeat(keyring) if is_due and before is not None else None
    async with making as services:
        people = People(*repeated) if repeated is not None else await make_people(services, name="Orbit")
        if is_due and repeated is None:
            await founding.keep(moment, keyring=keyring, callers=(people.ada, people.bob, people.cid, people.vera))
        yield services, people


async def rows() -> dict[str, list[dict[str, Any]]]:
    """Return everything that every table holds, but what asking a provider may write."""
    return {
        table: sorted(({name: row[name] for name in row if name not in PASSING.get(table, ())} for row in held), key=repr)
        for table, held in (await databases.rows()).items()
    }


async def refusal_of(attempt: Awaitable[object]) -> Refusal:
    """Return how the attempt was refused; fail unless it was, and unless it left every row as it was."""
    before = await rows()
    with pytest.raises(Refusal) as refused:
        await attempt
    assert await rows() == before
    return refused.value


async def code_of(attempt: Awaitable[object]) -> tuple[UserErrorCode, tuple[str, ...]]:
    """Return the code and the field of a refusal that left every row as it was."""
    refused = await refusal_of(attempt)
    return refused.code, refused.field


async def log_since(sequence: int, *, team_id: UUID) -> list[str]:
    """Return the types of the team's events after `sequence`, which have to be numbered without a gap."""
    events = await Event.filter(team_id=team_id, sequence__gt=sequence).order_by("sequence")
    assert [event.sequence for event in events] == list(range(sequence + 1, sequence + 1 + len(events)))
    return [event.type for event in events]


def gid(type_name: str, key: UUID) -> str:
    return encode_id(type_name, key)
