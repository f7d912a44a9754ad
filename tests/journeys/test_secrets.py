"""No secret leaves: the story, every malformed request, a provider that tells back what it hears; then a search of it all."""

import base64
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import pytest
from graphql import build_client_schema, get_introspection_query

from app.clock import SystemClock
from app.sandbox import create_sandbox, slack_app
from app.sealing.keyring import make_keyring
from tests.callers import Browser
from tests.forwarding import ForwardProxy, forwarding
from tests.journeys.breaking import fail_on_the_command_line, fail_unexpectedly
from tests.journeys.connecting import (
    CREATE_TOKEN,
    World,
    ask_wrongly,
    connect,
    hand_out,
    hear_it_told_back,
    listening,
    read_everything,
    refresh_and_revoke,
)
from tests.journeys.echoing import Echoing
from tests.journeys.knocking import knock_wrongly
from tests.journeys.planted import Planted, Seen
from tests.journeys.story import ADMIN, TEAM, Story
from tests.journeys.watched import Watch, WatchedApi
from tests.processes import Service
from tests.servers import run_server
from tests.telemetry.collecting import PATH, Collector

TOLD_BACK = {"oauth.v2.access", "auth.test", "conversations.list", "chat.postMessage", "auth.revoke"}


@pytest.mark.endurance
async def test_no_secret_leaves(database_url: str, tmp_path: Path) -> None:
    async with forwarding({}, login="ada:another") as proxy:  # which the issuer is asked through, and does not take the password
        await look_for_secrets(database_url, tmp_path, proxy)

    assert set(proxy.asked) == {"id.example:443"}


async def look_for_secrets(database_url: str, folder: Path, proxy: ForwardProxy) -> None:
    planted, seen, collector = Planted(), Seen(), Collector()
    service = make_service(database_url, folder, planted, proxy=proxy)
    sandbox = create_sandbox(clock=SystemClock(), events_url=f"{service.url}/hooks/slack")
    provider = Echoing(sandbox, planted=planted)

    with run_server(provider, port=service.sandbox_port), run_server(collector.app()) as url:
        service.environment = {**service.environment, "INSTALLED_APPS_TRACES_URL": f"{url}{PATH}"}
        async with started(service, "json", seen):
            world = await begin(service, provider, planted, seen)
            async with listening(world):
                await hand_out(world)
                app = await connect(world)
                await hear_it_told_back(world, app=app)
                await refresh_and_revoke(world, app=app)
            refused = await ask_wrongly(world)
            await knock_wrongly(world)
            await read_everything(world)
            note_what_lies_about(service, seen)
        async with started(service, "text", seen):
            await fail_unexpectedly(world)
            await fail_on_the_command_line(world)
            await knock_wrongly(world)
            await read_everything(world)
        await world.story.browser.close()
        await world.watch.aclose()
    note_what_lies_about(service, seen)
    await note_database(database_url, seen)
    exported = service.run("events", "export")
    seen.note("the export", exported)
    spans = note_traces(collector, seen)

    leaks = seen.find(planted)
    assert not leaks, "\n".join(map(str, leaks))
    assert len({name.rpartition(" ")[0] for name in planted.secrets}) >= 20, planted.secrets.keys()
    assert refused >= 40
    assert '"origin":{"address":' in exported
    assert {"graphql", "change", "POST /graphql", "call slack chat.postMessage"} <= spans
    assert provider.told.keys() == TOLD_BACK


def make_service(database_url: str, folder: Path, planted: Planted, *, proxy: ForwardProxy) -> Service:
    """Plant what the operator sets: the keyring, and every secret among the settings."""
    keyring = folder / "keyring.json"
    make_keyring(keyring)
    for key in json.loads(keyring.read_text())["keys"].values():
        planted.know("a key of the keyring", key)
        planted.know("a key of the keyring, raw", base64.b64decode(key))
    settings = {
        "METRICS_TOKEN": f"metrics+{secrets.token_urlsafe(24)}/=",
        "OIDC_CLIENT_SECRET": f"oidc/{secrets.token_urlsafe(24)}+",
        "SLACK_CLIENT_SECRET": secrets.token_hex(16),
        "SLACK_SIGNING_SECRET": secrets.token_hex(16),
    }
    for name, value in settings.items():
        planted.know(name, value)
    password = f"proxy/{secrets.token_urlsafe(24)}:@"
    planted.know("the proxy's password", password)
    settings["OUTBOUND_PROXY"] = f"http://ada:{quote(password, safe='')}@{proxy.place}"
    planted.know("the sandbox's client secret", slack_app.CLIENT_SECRET, piece=16)  # its first twelve are the client id's
    planted.know("the sandbox's signing secret", slack_app.SIGNING_SECRET, piece=16)
    issuer = {"OIDC_ISSUER": "https://id.example", "OIDC_AUDIENCE": "us", "OIDC_TEAM_CLAIM": "team", "OIDC_CLIENT_ID": "us"}
    return Service(
        folder=folder,
        database_url=with_password(database_url, planted),
        environment={f"INSTALLED_APPS_{name}": value for name, value in {**issuer, **settings}.items()},
    )


def with_password(database_url: str, planted: Planted) -> str:
    parts = urlsplit(database_url)
    if parts.scheme == "sqlite" or parts.password is not None:
        return database_url
    password = f'db/{secrets.token_urlsafe(12)}+"é'
    planted.know("the database's password", password)
    return parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{parts.hostname}:{parts.port}").geturl()


@contextlib.asynccontextmanager
async def started(service: Service, log_format: str, seen: Seen) -> AsyncIterator[None]:
    service.environment = {**service.environment, "INSTALLED_APPS_LOG_FORMAT": log_format}
    await service.start("--sandbox")
    assert service.process is not None
    try:
        seen.note("the arguments", arguments_of(service.process.pid))
        yield
        assert service.stop() == 0
    finally:
        service.kill()


def note_traces(collector: Collector, seen: Seen) -> set[str]:
    """Take in what arrived at the collector, as it came; return the names of the spans."""
    for body in collector.bodies:
        seen.note("the traces", body)
    return {name for name, _ in collector.spans()}


def arguments_of(pid: int) -> bytes:
    """Return what everyone on the machine can see of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


async def begin(service: Service, provider: Echoing, planted: Planted, seen: Seen) -> World:
    """Make the team, with a token from the command line and one from the API; sign the admin's browser in."""
    watch = Watch(service.url, planted, seen)
    service.run("team", "create", TEAM, "--admin-name", "Ada", "--admin-email", ADMIN)
    token = service.run("token", "create", "--team", TEAM, "--email", ADMIN)
    planted.know("a token from the command line", token)
    admin = WatchedApi(service.url, token, client=watch.client())
    made = (await admin.answer(CREATE_TOKEN, {"input": {"name": "CI", "scopes": ["READ", "RUNS_WRITE"]}}))["data"]
    assert made["createAccessToken"]["userErrors"] == []
    planted.know("a token from the API", made["createAccessToken"]["token"])
    browser = Browser()
    watch.over(browser.client)
    story = Story(service, admin, WatchedApi(service.url, made["createAccessToken"]["token"], client=watch.client()), browser)
    await story.sign_in_browser(ADMIN)
    introspected = await admin.ask(get_introspection_query(input_value_deprecation=True))
    return World(service, provider, planted, seen, watch, story, build_client_schema(introspected))  # type: ignore[arg-type]  # it is what the query answers


def note_what_lies_about(service: Service, seen: Seen) -> None:
    """Take in every file below the service's folder but the keyring: the log, the database, its -wal and -shm, any copy."""
    for path in service.folder.rglob("*"):
        if path.is_file() and path.name != "keyring.json":
            seen.note(f"the file {path.name}", path.read_bytes())
    assert any(place == "the file service.log" for place, _ in seen.pieces)


async def note_database(database_url: str, seen: Seen) -> None:
    """Take in every row of a database server as text, its bytes also as they are."""
    if database_url.startswith("sqlite:"):
        return
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in (row["tablename"] for row in tables):
            for row in await connection.fetch(f'SELECT t.*, t::text AS "whole row" FROM "{table}" t'):  # noqa: S608 - its own tables' names
                for column, value in row.items():
                    seen.note(f"{table}.{column}", value if isinstance(value, bytes) else str(value))
    finally:
        await connection.close()
