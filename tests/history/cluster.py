"""Servers over one database, one Redis and one sandbox, each of these behind a bad network on demand.

Four of them over a PostgreSQL, unless a test asks for others; over SQLite there is no network to it.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import asyncpg

from app.access.callers import Role
from app.clock import SystemClock
from app.sealing.keyring import make_keyring
from app.service.tables import MIGRATIONS, MODELS
from app.settings import Settings
from app.storage import upgrade
from app.teams import console
from tests import databases
from tests.callers import Api, Browser
from tests.faults.postgres import PostgresServer, postgres_server
from tests.faults.proxy import Proxy, proxying
from tests.faults.redis import RedisServer, redis_server
from tests.history import watching
from tests.journeys.soaking import until_answers
from tests.journeys.story import Story
from tests.processes import Service, free_port
from tests.services import make_services

WORKSPACES = ("T0ACME001", "T0GLOBEX002", "T0INITECH003")
CHANNELS = ("general", "monitoring", "random")

_DATABASE = "history"
_ADD_SLACK = """
mutation ($id: ID!, $name: String!) {
  addInstalledApp(input: {using: {authorizationId: $id}, name: $name}) { installedApp { id } userErrors { code message } }
}"""
_PEOPLE = ("ada", "ben", "cyd")


@dataclass
class Team:
    """A team as its clients know it. `label` stands in every name that is made in it."""

    label: str
    id: str
    workspace: str
    tokens: Sequence[str]
    slack: str = ""
    channels: Sequence[str] = ()


@dataclass
class Cluster:
    """The networks: `databases` between each server and PostgreSQL, `wakes` between all and Redis, `outside` to the sandbox.

    Without a `postgres` the database is a file, and `databases` is empty.
    """

    folder: Path
    postgres: PostgresServer | None
    redis: RedisServer
    databases: Sequence[Proxy]
    wakes: Proxy
    outside: Proxy
    sandbox_url: str
    servers: list[Service] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        """The database itself, past every fault of the network."""
        return self.postgres.url(_DATABASE) if self.postgres is not None else f"sqlite:///{self.folder / _DATABASE}.sqlite3"

    async def start(self, server: Service) -> None:
        """Start it as a supervisor does: again, as long as it ends because what it stands on is away."""
        while True:
            try:
                await server.start("--sandbox")
            except (AssertionError, TimeoutError):
                server.kill()
            else:
                return


@asynccontextmanager
async def running(
    folder: Path,
    *,
    random: Random,
    builds: Sequence[Path | None] = (None,) * 4,
    teams: int = 3,
    prepare: Callable[[Cluster], Awaitable[None]] | None = None,
    is_embedded: bool = False,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Cluster]:
    """Yield a cluster with its teams, and a server for each build (None: this one; else a folder that holds another `app`).

    `prepare` is called when the teams are there and no server runs yet. `is_embedded`: all of it over SQLite.
    """
    async with AsyncExitStack() as stack:
        cluster = await _lay_ground(stack, folder, random=random, servers=len(builds), is_embedded=is_embedded)
        cluster.teams = await _make_teams(cluster, count=teams)
        if cluster.postgres is not None:
            await watching.install(cluster.database_url)
        if prepare is not None:
            await prepare(cluster)
        for number, build in enumerate(builds):
            server = _server(cluster, number, build, environment=environment or {})
            cluster.servers.append(server)
            stack.callback(server.kill)
        await asyncio.gather(*(cluster.start(server) for server in cluster.servers))
        for team in cluster.teams:
            await _sign_in_at_slack(cluster, team)
        yield cluster


async def _lay_ground(stack: AsyncExitStack, folder: Path, *, random: Random, servers: int, is_embedded: bool) -> Cluster:
    postgres = await stack.enter_async_context(postgres_server(folder)) if not is_embedded else None
    redis = await stack.enter_async_context(redis_server(folder))
    sandbox = free_port()
    stack.callback(_end, _start_sandbox(folder, sandbox))
    databases = [
        await stack.enter_async_context(proxying("127.0.0.1", postgres.port, random=Random(random.random())))  # noqa: S311 - choices
        for _ in range(servers)
        if postgres is not None
    ]
    wakes, outside = [
        await stack.enter_async_context(proxying("127.0.0.1", port, random=Random(random.random())))  # noqa: S311 - choices
        for port in (redis.port, sandbox)
    ]
    sandbox_url = f"http://127.0.0.1:{sandbox}"
    await until_answers(f"{sandbox_url}/control/state")
    if postgres is not None:
        await _make_database(postgres, servers=servers)
    make_keyring(folder / "keyring.json")
    cluster = Cluster(folder, postgres, redis, databases, wakes, outside, sandbox_url)
    await upgrade.migrate(cluster.database_url, models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC))
    return cluster


def _start_sandbox(folder: Path, port: int) -> subprocess.Popen[bytes]:
    with (folder / "sandbox.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "app", "sandbox", "--port", str(port)], stdout=log, stderr=log
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


async def _make_database(postgres: PostgresServer, *, servers: int) -> None:
    """Each server signs in under a name of its own, so that the database can say who did what."""
    connection = await asyncpg.connect(postgres.url())
    try:
        await connection.execute(f'CREATE DATABASE "{_DATABASE}"')
        for number in range(servers):
            await connection.execute(f'CREATE ROLE "server-{number}" LOGIN SUPERUSER')
    finally:
        await connection.close()


def _server(cluster: Cluster, number: int, build: Path | None, *, environment: Mapping[str, str]) -> Service:
    environment = {**environment, "INSTALLED_APPS_REDIS_URL": f"redis://127.0.0.1:{cluster.wakes.port}/0"}
    if build is not None:
        environment = {**environment, "PYTHONPATH": str(build), "PYTHONSAFEPATH": "1"}
    return Service(
        folder=cluster.folder,
        database_url=(
            f"postgres://server-{number}@127.0.0.1:{cluster.databases[number].port}/{_DATABASE}"
            if cluster.postgres is not None
            else cluster.database_url
        ),
        sandbox_port=cluster.outside.port,
        environment=environment,
        name=f"server-{number}",
    )


async def _make_teams(cluster: Cluster, *, count: int) -> list[Team]:
    teams = []
    async with databases.opened(cluster.database_url):
        settings = Settings(data_dir=cluster.folder)
        async with make_services(folder=cluster.folder, clock=SystemClock(), settings=settings) as services:
            for number in range(count):
                label = f"t{number}"
                made = await console.create_team(
                    name=label, admin_name="ada", admin_email=f"ada@{label}.example.com", services=services
                )
                for name in _PEOPLE[1:]:
                    await console.add_member(
                        team=label, name=name, email=f"{name}@{label}.example.com", role=Role.ADMIN, services=services
                    )
                tokens = [
                    await console.create_token(
                        team=label, email=f"{name}@{label}.example.com", scopes=(), days=None, services=services
                    )
                    for name in _PEOPLE
                ]
                teams.append(Team(label, made, WORKSPACES[number], [token.reveal() for token in tokens]))
    return teams


async def _sign_in_at_slack(cluster: Cluster, team: Team) -> None:
    """Let the team share an installed app for its workspace, and learn the ids of its channels."""
    server = cluster.servers[0]
    admin = Api(server.url, team.tokens[0])
    link = await asyncio.to_thread(server.run, "sign-in-link", "--team", team.label, "--email", f"ada@{team.label}.example.com")
    story = Story(server, admin, admin, Browser())
    try:
        page = await story.browser.submit(await story.browser.open(link))
        assert page.status == 200, page
        authorization = await story.sign_in_at_slack(workspace=team.workspace)
    finally:
        await story.browser.close()
    team.channels = [await story.channel(authorization, name=name) for name in CHANNELS]
    added = (await admin.ask(_ADD_SLACK, id=authorization, name=f"[{team.label}] Slack"))["addInstalledApp"]
    assert added["userErrors"] == [], added
    team.slack = added["installedApp"]["id"]
