"""Rows and tables that break below the running service, and commands that cannot succeed."""

import asyncio
import contextlib
import secrets
import sqlite3
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.journeys.connecting import CREATE_TOKEN, World
from tests.journeys.raw_sockets import converse, odd_conversations
from tests.journeys.story import ADMIN, REPORTS, TEAM
from tests.processes import Service

REPORT = REPORTS / "failed.json"

CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

END_ALL = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"


async def fail_unexpectedly(world: World) -> None:
    """Break rows and tables below the running service, and ask with good and with planted secrets while they are broken."""
    link = world.service.run("sign-in-link", "--team", TEAM, "--email", ADMIN)
    world.planted.know("a sign-in link", link.rpartition("/")[2])
    if not world.service.database_url.startswith("sqlite:"):
        await execute(world.service.database_url, CUT_OFF)
        await ask_of_the_broken(world, link=link)
        async with nowhere_to_be_found(world.service.database_url):
            await ask_of_the_broken(world, link=link)
        assert "unavailable" in world.service.log.read_text()
    for broken, mended in (
        ("UPDATE member SET role = 'NONSENSE'", "UPDATE member SET role = 'ADMIN'"),
        ("ALTER TABLE access_token RENAME TO access_token_away", "ALTER TABLE access_token_away RENAME TO access_token"),
        ("ALTER TABLE sign_in_link RENAME TO link_away", "ALTER TABLE link_away RENAME TO sign_in_link"),
        ("ALTER TABLE browser_session RENAME TO session_away", "ALTER TABLE session_away RENAME TO browser_session"),
        ('ALTER TABLE "authorization" RENAME TO away', 'ALTER TABLE away RENAME TO "authorization"'),
        ("UPDATE monitor_run SET outcome = 'NONSENSE'", "UPDATE monitor_run SET outcome = 'PASSED'"),
    ):
        await execute(world.service.database_url, broken)
        await ask_of_the_broken(world, link=link)
        await execute(world.service.database_url, mended)
    log = world.service.log.read_text()
    assert "Traceback (most recent call last)" in log
    assert "unexpected error" in log


@contextlib.asynccontextmanager
async def nowhere_to_be_found(url: str) -> AsyncIterator[None]:
    """Let the database have another name meanwhile."""
    name = urlsplit(url).path.strip("/")
    server = await asyncpg.connect(urlsplit(url)._replace(path="/postgres").geturl())
    try:
        await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await server.execute(END_ALL, name)
        await server.execute(f'ALTER DATABASE "{name}" RENAME TO "{name}_away"')
        yield
        await server.execute(f'ALTER DATABASE "{name}_away" RENAME TO "{name}"')
        await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    finally:
        await server.close()


async def ask_of_the_broken(world: World, *, link: str) -> None:
    plant, client, alone = world.planted.value, world.story.browser.client, {"connection": "close"}
    runs = "query { monitors { nodes { runs { nodes { outcome } } } } }"
    await world.admin.post({"query": runs}, **alone)
    wrong = {"name": plant("broken"), "scopes": ["READ"], "odd": 1}
    await world.admin.post({"query": CREATE_TOKEN, "variables": {"input": wrong}}, **alone)
    await world.admin.post({"query": runs}, accept="text/event-stream", **alone)
    state = secrets.token_urlsafe(32)
    world.planted.know("a state", state)
    for path in (f"/callback/slack?code={plant('broken, code')}&state={state}", f"/authorize/{plant('broken, ticket')}"):
        await client.get(f"{world.service.url}{path}", headers=alone)
    await client.get(link, headers=alone)
    form, headers = {"token": world.admin.token}, {"origin": world.service.url, **alone}
    await client.post(f"{world.service.url}/sign-in", data=form, headers=headers)
    for conversation in list(odd_conversations(plant, token=world.admin.token))[8:14]:
        world.seen.note("a WebSocket to the broken", await converse(conversation, port=world.service.port))


async def fail_on_the_command_line(world: World) -> None:
    """Report with a token that is none, and look for a database that is not there."""
    token, password = f"ia_{secrets.token_hex(19)}", secrets.token_urlsafe(24)
    world.planted.know("a wrong token in the environment", token)
    world.planted.know("a password of no database", password)
    here, away = world.service.database_url, f"postgres://nobody:{password}@127.0.0.1:1/nothing"
    environment = {"INSTALLED_APPS_URL": world.service.url, "INSTALLED_APPS_TOKEN": token}

    def fail(database_url: str, *command: str) -> None:
        stranger = Service(world.service.folder, database_url, environment=environment)
        with pytest.raises(AssertionError) as refused:
            stranger.run(*command)
        world.seen.note(f"what {command[0]} says", str(refused.value))

    await asyncio.gather(
        asyncio.to_thread(fail, here, "report", "newman", str(REPORT), "--monitor", "m"), asyncio.to_thread(fail, away, "check")
    )


async def execute(database_url: str, statement: str) -> None:
    if database_url.startswith("sqlite:"):
        with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=20)) as connection, connection:
            connection.execute(statement)
        return
    server = await asyncpg.connect(database_url)
    try:
        await server.execute(statement)
    finally:
        await server.close()
