"""Whoever may no longer listen is cut off within five seconds, at every process, and nobody else is."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
import pytest

from app.access.callers import Role
from app.sealing.keyring import make_keyring
from app.teams import console
from tests.callers import JSON, Api, Socket, socket_to
from tests.faults.redis import redis_server
from tests.journeys.soaking import full, say, telling
from tests.journeys.story import TEAM, Story
from tests.processes import Service
from tests.services import services_beside

PROMISED_SECONDS = 5.0
MEMBERS = full(4, ci=1)
"""Of each ending."""
SOCKETS = full(21, ci=7)
"""Of each member at each process, so 504 in all, or 42."""
STREAMS = full(4, ci=1)

PASSWORD = "made-up-passw0rd"
WATCH = "subscription { eventRecorded { type } }"
WHO = "{ viewer { member { id } accessTokens(first: 1) { nodes { id } } } }"
REMOVE = "mutation ($id: ID!) { removeTeamMember(input: {id: $id}) { userErrors { code } } }"
CHANGE_ROLE = "mutation ($id: ID!) { changeTeamMemberRole(input: {id: $id, role: VIEWER}) { userErrors { code } } }"
REVOKE = "mutation ($id: ID!) { revokeAccessToken(input: {id: $id}) { userErrors { code } } }"
CHANGE = 'mutation { createAccessToken(input: {name: "another", scopes: [READ]}) { userErrors { code } } }'


@dataclass
class Listener:
    """A member's sockets and streams at every process."""

    name: str
    token: str
    sockets: list[Socket] = field(default_factory=list)
    streams: list["asyncio.Task[str]"] = field(default_factory=list)

    async def attach(self, urls: Sequence[str], *, sockets: int, streams: int, open_: AsyncExitStack) -> None:
        for url in urls:
            for _ in range(sockets):
                socket = await open_.enter_async_context(socket_to(url, self.token))
                await socket.begin(WATCH)
                self.sockets.append(socket)
            for _ in range(streams):
                has_begun = asyncio.Event()
                self.streams.append(asyncio.create_task(read_stream(url, self.token, has_begun)))
                open_.callback(self.streams[-1].cancel)
                await has_begun.wait()
        for socket in self.sockets:  # each has answered something: all of them listen by now
            begun = await socket.begin("{ eventCursor }")
            while (message := await socket.receive()) != {"id": begun, "type": "complete"}:
                assert message["type"] == "next", message

    async def until_cut_off(self) -> None:
        await asyncio.gather(*(socket.connection.wait_closed() for socket in self.sockets), *self.streams)


@pytest.mark.endurance
@pytest.mark.parametrize("has_redis", [True, False])
async def test_whoever_leaves_shrinks_or_is_revoked_is_cut_off_everywhere_and_others_go_on(
    database_url: str, tmp_path: Path, *, has_redis: bool
) -> None:
    async with AsyncExitStack() as open_:
        services = await open_.enter_async_context(two_processes(tmp_path, database_url=database_url, has_redis=has_redis))
        urls = [service.url for service in services]
        story = await open_.enter_async_context(telling(services[0]))
        endings = {"removed": remove, "given another role": shrink, "revoked": revoke}
        names = [f"{ending} {number}" for ending in endings for number in range(MEMBERS)]
        listeners = [Listener(name, token) for name, token in (await join(services[0], names)).items()]
        others = [Listener("admin", story.admin.token), Listener("member", story.member.token)]
        for listener in listeners:
            await listener.attach(urls, sockets=SOCKETS, streams=STREAMS, open_=open_)
        for other in others:
            await other.attach(urls, sockets=2, streams=1, open_=open_)
        taken: list[float] = []

        for listener in listeners:
            await endings[listener.name.rpartition(" ")[0]](listener, story)
            begins = time.monotonic()
            async with asyncio.timeout(PROMISED_SECONDS):
                await listener.until_cut_off()
            taken.append(time.monotonic() - begins)
        await story.admin.ask(CHANGE)

        cut_off = [socket.connection.close_code for listener in listeners for socket in listener.sockets]
        assert cut_off == [4403] * len(listeners) * 2 * SOCKETS
        for other in others:
            for socket in other.sockets:
                while (await socket.receive())["payload"]["data"] != {"eventRecorded": {"type": "ACCESS_TOKEN_CREATED"}}:
                    assert socket.connection.close_code is None
            assert [stream for stream in other.streams if stream.done()] == []
        say(f"{len(cut_off)} sockets {'with' if has_redis else 'without'} Redis: cut off after {max(taken):.2f} s at the latest")


async def remove(listener: Listener, story: Story) -> None:
    await carry_out(story.admin, REMOVE, (await who_is(listener, story))["member"]["id"])


async def shrink(listener: Listener, story: Story) -> None:
    await carry_out(story.admin, CHANGE_ROLE, (await who_is(listener, story))["member"]["id"])


async def revoke(listener: Listener, story: Story) -> None:
    own = (await who_is(listener, story))["accessTokens"]["nodes"][0]["id"]
    await carry_out(Api(story.service.url, listener.token), REVOKE, own)


async def who_is(listener: Listener, story: Story) -> JSON:
    found: JSON = (await Api(story.service.url, listener.token).ask(WHO))["viewer"]
    return found


async def carry_out(who: Api, mutation: str, id: str) -> None:
    [payload] = (await who.ask(mutation, id=id)).values()
    assert payload == {"userErrors": []}


async def read_stream(url: str, token: str, has_begun: asyncio.Event) -> str:
    """Read server-sent events until the server ends them, and return them."""
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    async with (
        httpx2.AsyncClient(trust_env=False, timeout=60, headers=headers) as client,
        client.stream("POST", f"{url}/graphql", json={"query": WATCH}) as response,
    ):
        has_begun.set()
        return "".join([part async for part in response.aiter_text()])


async def join(service: Service, names: Sequence[str]) -> dict[str, str]:
    """Add an ADMIN of each name, who may revoke their own tokens; return their tokens."""
    tokens = {}
    async with services_beside(service) as services:
        for name in names:
            email = f"{name.replace(' ', '-')}@example.com"
            await console.add_member(team=TEAM, name=name, email=email, role=Role.ADMIN, services=services)
            token = await console.create_token(team=TEAM, email=email, scopes=(), days=None, services=services)
            tokens[name] = token.reveal()
    return tokens


@asynccontextmanager
async def two_processes(folder: Path, *, database_url: str, has_redis: bool) -> AsyncIterator[tuple[Service, Service]]:
    if not database_url.startswith("sqlite:"):
        make_keyring(folder / "keyring.json")
    async with AsyncExitStack() as open_:
        environment = {}
        if has_redis:
            server = await open_.enter_async_context(redis_server(folder, password=PASSWORD))
            environment["INSTALLED_APPS_REDIS_URL"] = server.url
        here = Service(folder=folder, database_url=database_url, environment=environment, name="here")
        there = replace(here, port=0, name="there")
        for service in (here, there):
            open_.callback(service.kill)
            await service.start()
        yield here, there
