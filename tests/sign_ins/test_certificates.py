"""A Git server with a certificate of its own authority: every call trusts what the installed app has, and only by it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import UserErrorCode
from app.installed_apps.checking import check as check_app
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.shared_clients import ClientEdit, NewClient, add, edit
from app.outbound import Outbound, Proxy
from app.sealing.secret import Secret
from app.sign_ins.beginning import begin
from app.sign_ins.callbacks import Returned
from app.sign_ins.checks import check
from app.sign_ins.completion import complete
from app.sign_ins.jobs import refresh_due
from app.sign_ins.models import (
    Authorization,
    AuthorizationFailureCode,
    AuthorizationStatus,
    Grant,
    GrantState,
    RevocationOutcome,
)
from app.sign_ins.revoking import revoke
from tests.forwarding import forwarding
from tests.held import HeldClock
from tests.installed_apps.git_servers import GITLAB, give_back, own_grant
from tests.installed_apps.world import World, code_of, make_world
from tests.wires import Authority, CountedDial, Names, Server, make_authority, serving

URL = "https://git.corp.example/gitlab"


@dataclass
class Corp:
    """A team, and a GitLab whose certificate no system trusts."""

    team: World
    authority: Authority
    server: Server

    async def add(self, certificates: str | None) -> InstalledApp:
        new = NewClient(GITLAB.provider, URL, "corp", Secret("corp-client-secret"), certificates)
        return await add(new, name="Corp", caller=self.team.people.ada, services=self.team.services)

    async def sign_in(self, app: InstalledApp) -> Authorization:
        bob, services = self.team.people.bob, self.team.services
        row = await begin(provider_key=GITLAB.provider, oauth_client_id=app.oauth_client_id, caller=bob, services=services)
        return await complete(Returned(row, Secret("the-code"), None), services=services)

    async def edit(self, app: InstalledApp, certificates: str | None) -> None:
        edited = ClientEdit(certificates=certificates)
        await edit(app.id, edited, caller=self.team.people.ada, services=self.team.services)

    def asked(self) -> list[str]:
        """Return the paths that were asked for, and forget them."""
        paths = [head.split(b" ")[1].decode() for head in self.server.heads]
        self.server.heads.clear()
        return paths


@pytest.fixture(params=["directly", "through a proxy"])
async def corp(request: pytest.FixtureRequest, database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[Corp]:
    del database
    authority = make_authority("git.corp.example", tmp_path)
    async with (
        make_world(folder=tmp_path, clock=clock) as team,
        gitlab(authority.server) as server,
        forwarding({"git.corp.example:443": server.port}, login="ada:s3cret") as proxy,
    ):
        names = Names(["52.216.0.1"])
        if request.param == "directly":
            outbound = Outbound(resolve=names, dial=CountedDial(server.port))
        else:
            outbound = Outbound(resolve=names, proxy=Proxy("127.0.0.1", proxy.port, "ada", Secret("s3cret")))
        team.services = replace(team.services, outbound=outbound)
        yield Corp(team, authority, server)
        await outbound.aclose()
    assert set(proxy.asked) == (set() if request.param == "directly" else {"git.corp.example:443"})


@asynccontextmanager
async def gitlab(tls: ssl.SSLContext | None) -> AsyncIterator[Server]:
    """Serve what answers as a GitLab does, below /gitlab."""
    held: list[Server] = []

    async def answer(writer: asyncio.StreamWriter) -> None:
        body = json.dumps(_answer_to(held[0].heads[-1].split(b" ")[1].decode())).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    async with serving(answer, tls=tls) as server:
        held.append(server)
        yield server


def _answer_to(path: str) -> dict[str, object]:
    match path.removeprefix("/gitlab"):
        case "/api/v4/version":
            return {"version": "17.5.1", "revision": "abc"}
        case "/api/v4/user":
            return {"id": 7, "username": "ada"}
        case "/oauth/token":
            token = {"access_token": "a" * 64, "refresh_token": "b" * 64, "expires_in": 7200}
            return {**token, "token_type": "Bearer", "scope": "api"}
        case _:
            return {}


async def test_exchange_refresh_check_and_revocation_trust_the_apps_certificates(corp: Corp) -> None:
    bob, services = corp.team.people.bob, corp.team.services

    app = await corp.add(corp.authority.pem)
    assert corp.asked() == ["/gitlab/api/v4/version"]
    row = await corp.sign_in(app)
    assert row.status is AuthorizationStatus.COMPLETED
    assert corp.asked() == ["/gitlab/oauth/token", "/gitlab/api/v4/user"]
    corp.team.clock.advance(timedelta(minutes=100))
    await refresh_due(services=services)
    assert (await own_grant(app, bob)).version == 2
    assert corp.asked() == ["/gitlab/oauth/token"]
    assert await check((await own_grant(app, bob)).id, services=services) is None
    assert corp.asked() == ["/gitlab/api/v4/user"]
    await revoke(row.id, caller=bob, services=services)
    await give_back(corp.team)
    assert corp.asked() == ["/gitlab/oauth/revoke"]
    assert (await Grant.get(id=row.grant_id)).revocation is RevocationOutcome.REVOKED


async def test_without_the_certificates_the_server_is_not_saved(corp: Corp) -> None:
    assert await code_of(corp.add(None)) == (UserErrorCode.PROVIDER_UNREACHABLE, ("using", "client", "url"))
    assert corp.asked() == []


async def test_without_the_certificates_nothing_is_exchanged(corp: Corp) -> None:
    app = await corp.add(corp.authority.pem)
    await corp.edit(app, None)
    corp.asked()

    row = await corp.sign_in(app)

    assert (row.status, row.failure_code) == (AuthorizationStatus.FAILED, AuthorizationFailureCode.PROVIDER_UNREACHABLE)
    assert corp.asked() == []


async def test_without_the_certificates_nothing_is_refreshed_or_given_back_until_they_are_there_again(corp: Corp) -> None:
    bob, services = corp.team.people.bob, corp.team.services
    app = await corp.add(corp.authority.pem)
    row = await corp.sign_in(app)
    await corp.edit(app, None)
    corp.asked()

    corp.team.clock.advance(timedelta(minutes=100))
    await refresh_due(services=services)
    assert ((await own_grant(app, bob)).version, corp.asked()) == (1, [])
    await revoke(row.id, caller=bob, services=services)
    await give_back(corp.team)
    assert ((await Grant.get(id=row.grant_id)).state, corp.asked()) == (GrantState.REVOKING, [])

    await corp.edit(app, corp.authority.pem)
    corp.team.clock.advance(timedelta(minutes=1))
    await give_back(corp.team)
    assert (await Grant.get(id=row.grant_id)).revocation is RevocationOutcome.REVOKED


async def test_the_certificates_count_for_the_app_only_that_has_them(corp: Corp, tmp_path: Path) -> None:
    stranger = make_authority("git.corp.example", tmp_path)

    attempt = corp.add(stranger.pem)

    assert await code_of(attempt) == (UserErrorCode.PROVIDER_UNREACHABLE, ("using", "client", "url"))


async def test_a_check_says_that_the_certificate_is_not_accepted_and_that_it_is_again(corp: Corp) -> None:
    bob, services = corp.team.people.bob, corp.team.services
    app = await corp.add(corp.authority.pem)
    await corp.edit(app, None)

    away = await check_app(app.id, caller=bob, services=services)
    assert away.status is InstalledAppStatus.UNREACHABLE
    assert "certificate" in (away.status_message or "")

    await corp.edit(app, corp.authority.pem)
    assert (await check_app(app.id, caller=bob, services=services)).status is InstalledAppStatus.ACTIVE
