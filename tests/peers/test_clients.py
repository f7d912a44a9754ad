"""What a client's author may rely on, shown with the clients themselves."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.proxy import Proxy, Refuse, proxying
from tests.journeys.soaking import log_of, telling
from tests.journeys.story import Story
from tests.peers import clients
from tests.peers.clients import EVERY, MUTATION, OVER_WEBSOCKETS, Client, hear_all
from tests.processes import serving

pytestmark = pytest.mark.processes

MAKE_TOKEN = """
mutation { createAccessToken(input: {name: "A client's", scopes: [READ, ADMIN]}) {
  token accessToken { id } userErrors { message }
} }"""
REVOKE_TOKEN = "mutation ($id: ID!) { revokeAccessToken(input: {id: $id}) { revokedAccessTokenId userErrors { message } } }"
GRAPHQL = "application/graphql-response+json; charset=utf-8"
NO_TOKEN = "ia_" + "0" * 38


@dataclass
class Token:
    id: str
    text: str


@dataclass
class Scene:
    """A service behind a proxy, and clients that listen to its log from `after` on."""

    story: Story
    proxy: Proxy
    token_file: Path
    token: Token
    clients: list[Client]
    after: str
    people: int = 0

    @property
    def over_websockets(self) -> list[Client]:
        return [client for client in self.clients if client.name in OVER_WEBSOCKETS]

    async def record(self, count: int) -> None:
        """Let so many events happen, past the proxy."""
        for _ in range(count):
            self.people += 1
            person = {"name": "Somebody", "email": f"{self.people}@example.com", "role": "VIEWER"}
            answer = await self.story.admin.ask(MUTATION, input=person)
            assert answer["addTeamMember"]["userErrors"] == []

    async def recorded(self) -> list[int]:
        return [int(row["sequence"]) for row in await log_of(self.story.admin, after=self.after)]

    async def heard(self) -> dict[str, list[int]]:
        """Return what each client has heard, once it has heard as much as was recorded."""
        count = len(await self.recorded())
        await hear_all(self.clients, lambda client: len(client.all_of("event")) >= count)
        return {client.name: client.all_of("event") for client in self.clients}

    async def revoke_token(self) -> None:
        answer = await self.story.admin.ask(REVOKE_TOKEN, id=self.token.id)
        assert answer["revokeAccessToken"]["userErrors"] == []


@asynccontextmanager
async def listening(names: Iterable[str], *, database_url: str, folder: Path, programs: Path) -> AsyncIterator[Scene]:
    """Yield the clients of these names once each has asked, changed something and heard of what all of them changed."""
    token_file = folder / "token"
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(folder, database_url=database_url, options=("--sandbox",)))
        story = await stack.enter_async_context(telling(service))
        proxy = await stack.enter_async_context(proxying("127.0.0.1", service.port))
        token = await make_token(story)
        token_file.write_text(token.text)
        after = (await story.admin.ask("{ eventCursor }"))["eventCursor"]
        url = f"http://127.0.0.1:{proxy.port}"
        started = [
            await stack.enter_async_context(
                clients.running(name, folder=programs, asked=clients.asked_of(name, url=url, token_file=token_file, after=after))
            )
            for name in names
        ]
        await hear_all(started, lambda client: bool(client.all_of("mutation") and client.all_of("event")))
        yield Scene(story, proxy, token_file, token, started, after)


def answers(client: Client, kind: str) -> list[Any]:
    """Return the data of what it was answered, where that is all it was answered; some clients tell the cost too."""
    return [answer["data"] for answer in client.all_of(kind) if answer.keys() <= {"data", "extensions"}]


def how_urql_asks(scene: Scene) -> list[tuple[str, str, int]]:
    """Return method, media type and status of its query and its mutation, for each of which it would take events too."""
    [urql] = (client for client in scene.clients if client.name == "urql")
    lines = [line for line in urql.said if "text/event-stream" in line.get("accepting", "")][:2]
    return [(line["asked"], line["type"], line["answered"]) for line in lines]


async def make_token(story: Story) -> Token:
    made = (await story.admin.ask(MAKE_TOKEN))["createAccessToken"]
    assert made["userErrors"] == []
    return Token(id=made["accessToken"]["id"], text=made["token"])


async def test_every_client_asks_changes_and_listens_and_misses_and_repeats_nothing_across_a_restart_and_cuts(
    programs: Path, database_url: str, tmp_path: Path
) -> None:
    async with listening(EVERY, database_url=database_url, folder=tmp_path, programs=programs) as scene:
        await scene.heard()

        scene.proxy.impose(Refuse())
        assert scene.story.service.stop() == 0
        await scene.story.service.start("--sandbox")
        await scene.record(3)  # while none of them is there
        scene.proxy.heal()
        await scene.record(1)
        await scene.heard()

        scene.proxy.impose(Refuse())
        scene.proxy.cut()
        await scene.record(3)
        scene.proxy.heal()
        for _ in range(5):  # in the middle of whatever they are about
            await scene.record(3)
            scene.proxy.cut()
        await scene.record(1)
        heard = await scene.heard()
        recorded = await scene.recorded()

    assert len(recorded) == len(EVERY) + 23
    assert heard == dict.fromkeys(EVERY, recorded)
    for client in scene.clients:
        assert answers(client, "query") == [{"viewer": {"member": {"name": "Ada"}}}]
        assert answers(client, "mutation") == [{"addTeamMember": {"member": {"name": client.name}, "userErrors": []}}]
        assert client.all_of("completed") + client.all_of("gaveUp") == []
    assert [client.all_of("closed")[0] for client in scene.over_websockets] == [1012] * len(OVER_WEBSOCKETS)
    assert how_urql_asks(scene) == [("GET", GRAPHQL, 200), ("POST", GRAPHQL, 200)]


async def test_a_client_comes_back_with_a_fresh_token_when_its_own_is_revoked_and_not_with_one_that_is_no_good(
    programs: Path, database_url: str, tmp_path: Path
) -> None:
    async with listening(EVERY, database_url=database_url, folder=tmp_path, programs=programs) as scene:
        await scene.heard()
        fresh = await make_token(scene.story)

        scene.token_file.write_text(fresh.text)
        await scene.revoke_token()
        await hear_all(scene.over_websockets, lambda client: bool(client.all_of("closed")))
        await scene.record(2)
        heard = await scene.heard()
        recorded = await scene.recorded()

        scene.token, connected = fresh, [len(client.all_of("connected")) for client in scene.over_websockets]
        scene.token_file.write_text(NO_TOKEN)
        await scene.revoke_token()
        await hear_all(scene.over_websockets, lambda client: bool(client.all_of("gaveUp")))

    assert heard == dict.fromkeys(EVERY, recorded)
    for client in scene.over_websockets:
        assert client.all_of("closed") == [4403, 4403, 4401]
        assert client.all_of("gaveUp") == [4401]
    assert [len(client.all_of("connected")) for client in scene.over_websockets] == connected
