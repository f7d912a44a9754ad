"""Who calls the service in tests: over HTTP, over a WebSocket, and in a browser."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx2
import websockets

from tests.servers import NO_TLS

JSON = dict[str, Any]


@dataclass
class Api:
    """A client that speaks GraphQL over HTTP with a bearer token. `seen` keeps every answer's text."""

    url: str
    token: str
    seen: list[str] = field(default_factory=list)

    async def ask(self, operation: str, **variables: object) -> JSON:
        """Return `data`; fail on any error."""
        answer = await self.answer(operation, variables)
        assert "errors" not in answer, answer["errors"]
        data: JSON = answer["data"]
        return data

    async def answer(self, operation: str, variables: Mapping[str, object]) -> JSON:
        async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS, timeout=60) as client:
            response = await client.post(
                f"{self.url}/graphql",
                json={"query": operation, "variables": variables},
                headers={"authorization": f"Bearer {self.token}"},
            )
        self.seen.append(response.text)
        answer: JSON = response.json()
        return answer


class Socket:
    """A graphql-transport-ws client as small as the protocol (no reconnects: tests do that)."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self._ids = map(str, itertools.count(1))

    async def begin(self, operation: str, **variables: object) -> str:
        """Send an operation and return its id."""
        number = next(self._ids)
        payload = {"query": operation, "variables": variables}
        await self.connection.send(json.dumps({"id": number, "type": "subscribe", "payload": payload}))
        return number

    async def complete(self, id: str) -> None:
        await self.connection.send(json.dumps({"id": id, "type": "complete"}))

    async def receive(self) -> JSON:
        """Return the next message that is not a ping."""
        while True:
            message: JSON = json.loads(await self.connection.recv())
            if message["type"] != "ping":
                return message
            await self.connection.send(json.dumps({"type": "pong"}))

    async def subscribe(self, operation: str, **variables: object) -> AsyncIterator[JSON]:
        """Yield the `data` of each result; the only operation of its socket."""
        await self.begin(operation, **variables)
        while (message := await self.receive())["type"] != "complete":
            assert message["type"] == "next", message
            assert "errors" not in message["payload"], message
            yield message["payload"]["data"]


@asynccontextmanager
async def socket_to(url: str, token: str) -> AsyncIterator[Socket]:
    address = f"{url.replace('http', 'ws', 1)}/graphql"
    async with websockets.connect(
        address, subprotocols=[websockets.Subprotocol("graphql-transport-ws")], proxy=None
    ) as connection:
        await connection.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        async with asyncio.timeout(20):
            acknowledged = json.loads(await connection.recv())
        assert acknowledged["type"] == "connection_ack", acknowledged
        yield Socket(connection)


@dataclass
class Page:
    url: str
    status: int
    text: str


class Browser:
    """Keeps cookies, follows redirects, and fills in the one form of a page. `seen` keeps every answer's text."""

    def __init__(self) -> None:
        self.client = httpx2.AsyncClient(
            trust_env=False,
            verify=NO_TLS,
            timeout=60,
            follow_redirects=False,
            headers={"accept": "text/html"},
            limits=httpx2.Limits(max_keepalive_connections=0),  # none that idles for as long as the server keeps it
        )
        self.seen: list[str] = []

    async def open(self, url: str) -> Page:
        return await self._follow(await self.client.get(url), url)

    async def submit(self, page: Page, **values: str) -> Page:
        form = _FormReader.read(page.text)
        target = urljoin(page.url, form.action or page.url)
        origin = "/".join(page.url.split("/")[:3])
        response = await self.client.post(target, data={**form.values, **values}, headers={"origin": origin})
        return await self._follow(response, target)

    async def close(self) -> None:
        await self.client.aclose()

    async def _follow(self, response: httpx2.Response, url: str) -> Page:
        while response.is_redirect:
            self.seen.append(response.text)
            url = urljoin(url, response.headers["location"])
            response = await self.client.get(url)
        self.seen.append(response.text)
        return Page(url=url, status=response.status_code, text=response.text)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.values: dict[str, str] = {}

    @classmethod
    def read(cls, text: str) -> "_FormReader":
        reader = cls()
        reader.feed(text)
        return reader

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action")
        if tag == "input" and given.get("type") == "hidden" and given.get("name"):
            self.values[str(given["name"])] = given.get("value") or ""
