"""A running service that only a proxy leads to, and who comes to it there."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import websockets

from app.clock import SystemClock
from app.settings import Settings
from app.teams import console
from tests import databases
from tests.callers import Browser, Socket
from tests.certificates import Authority, make_authority
from tests.journeys.story import ADMIN
from tests.peers.reverse_proxies import NAME, Place
from tests.processes import Service, free_port
from tests.services import make_services

JSON = dict[str, Any]
CLIENT = "127.0.0.2"
"""Where the browser comes from: another address than the proxy's."""

WATCH = "subscription ($after: String) { eventRecorded(after: $after) { type origin { address } } }"

_PROTOCOLS = [websockets.Subprotocol("graphql-transport-ws")]


@dataclass(frozen=True)
class Public:
    """A running service, and the address at which a proxy is to have it."""

    service: Service
    authority: Authority
    port: int
    path: str

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}{self.path}"

    def place(self, folder: Path) -> Place:
        return Place(self.port, self.service.port, self.authority.certify(NAME, folder), folder / "proxy")


@dataclass
class Visitor:
    """A browser at the service's public address, through the proxy."""

    public_url: str
    browser: Browser
    trust: ssl.SSLContext

    @property
    def origin(self) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    async def ask(self, query: str, **variables: object) -> JSON:
        answer = await self.browser.client.post(
            f"{self.public_url}/graphql",
            json={"query": query, "variables": variables},
            headers={"origin": self.origin, "accept": "application/json"},
        )
        assert "errors" not in answer.json(), answer.text
        data: JSON = answer.json()["data"]
        return data

    async def hear(self, after: str) -> JSON:
        """Return the first event behind the cursor, over a WebSocket that the browser's session opens."""
        address = f"{self.public_url.replace('http', 'ws', 1)}/graphql"
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.browser.client.cookies.jar)
        async with (
            asyncio.timeout(20),
            websockets.connect(
                address,
                subprotocols=_PROTOCOLS,
                proxy=None,
                ssl=self.trust,
                origin=websockets.Origin(self.origin),
                additional_headers={"cookie": cookies},
            ) as connection,
        ):
            await connection.send(json.dumps({"type": "connection_init"}))
            assert json.loads(await connection.recv())["type"] == "connection_ack"
            async for heard in Socket(connection).subscribe(WATCH, after=after):
                event: JSON = heard["eventRecorded"]
                return event
        raise AssertionError("nothing was heard")

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[AsyncIterator[str]]:
        """Yield the lines of an event stream as they come."""
        async with (
            asyncio.timeout(20),
            self.browser.client.stream(
                "POST",
                f"{self.public_url}/graphql",
                json={"query": WATCH},
                headers={"origin": self.origin, "accept": "text/event-stream"},
            ) as response,
        ):
            assert response.status_code == httpx2.codes.OK
            yield response.aiter_lines()


@contextmanager
def starting(folder: Path, *, path: str) -> Iterator[Public]:
    service = Service(folder, f"sqlite:///{folder / 'proxied.sqlite3'}")
    public = Public(service, make_authority(folder), free_port(), path)
    service.environment = {"INSTALLED_APPS_PUBLIC_URL": public.url, "INSTALLED_APPS_TRUSTED_PROXIES": "127.0.0.1"}
    try:
        asyncio.run(service.start("--sandbox"))
        yield public
    finally:
        service.kill()


async def create_team(public: Public, *, team: str) -> str:
    """Return a link that signs the new team's admin in."""
    service = public.service
    settings = Settings(data_dir=service.folder, public_url=public.url)
    async with (
        databases.opened(service.database_url),
        make_services(folder=service.folder, clock=SystemClock(), settings=settings) as services,
    ):
        await console.create_team(name=team, admin_name="Ada", admin_email=ADMIN, services=services)
        return (await console.make_sign_in_link(team=team, email=ADMIN, services=services)).reveal()


@asynccontextmanager
async def visiting(public: Public, *, team: str) -> AsyncIterator[Visitor]:
    """Yield a browser that is signed in by a link to a team of its own."""
    trust = ssl.create_default_context(cafile=public.authority.root)
    link, browser = await create_team(public, team=team), Browser()
    browser.client = httpx2.AsyncClient(
        transport=httpx2.AsyncHTTPTransport(verify=trust, local_address=CLIENT),
        timeout=60,
        headers={"accept": "text/html"},
    )
    try:
        page = await browser.submit(await browser.open(link))
        assert (page.status, page.url) == (httpx2.codes.OK, f"{public.url}/")
        yield Visitor(public.url, browser, trust)
    finally:
        await browser.close()
