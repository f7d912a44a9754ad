"""The whole service in this process, with a team, somebody signed in, and what it keeps; and requests to it, byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr
from starlette.applications import Starlette

from app.sealing.keyring import make_keyring
from app.sealing.secret import Secret
from app.service.opening import Process
from app.service.server import create_app
from app.settings import Settings
from app.storage import database
from app.teams import console
from app.teams.sign_in_links import make_sign_in_link
from tests.held import HeldClock
from tests.services import PUBLIC_URL, make_services
from tests.sign_ins.world import rows as rows_of_sign_ins
from tests.teams.people import found, rows as rows_of_teams

SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
FRIEND = "https://friend.example"

Header = tuple[bytes, bytes]


@dataclass
class Answer:
    """What came back, whole; of a WebSocket `status` is 403 where it was refused before the handshake, else its close code."""

    status: int = 0
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""

    @property
    def text(self) -> str:
        """Everything that can be read of it."""
        head = b"\n".join(name + b": " + value for name, value in self.headers)
        return (head + b"\n\n" + self.body).decode("utf-8", "replace")

    def header(self, name: str) -> str:
        return dict(self.headers).get(name.encode(), b"").decode()


@dataclass(frozen=True)
class Service:
    """`cookie` is the header of the admin's browser, `token` the admin's access token with every scope."""

    app: Starlette
    cookie: Header
    token: Secret
    member_id: Any
    folder: Path
    clock: HeldClock

    async def link(self) -> str:
        """Return the path of a link that signs the admin in once."""
        async with make_services(folder=self.folder, clock=self.clock) as services:
            return (await make_sign_in_link(member_id=self.member_id, services=services)).reveal().removeprefix(PUBLIC_URL)

    async def sign_in(self) -> Header:
        """Return the cookie of one more session of the admin, the newest of all: a member keeps only so many."""
        self.clock.advance(timedelta(seconds=1))
        answer = await self.ask("POST", await self.link(), headers=[(b"origin", PUBLIC_URL.encode())])
        [cookie] = SimpleCookie(answer.header("set-cookie")).values()
        return b"cookie", f"{cookie.key}={cookie.value}".encode()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Iterable[Header] = (),
        body: bytes = b"",
        kind: str = "http",
    ) -> Answer:
        """Make one request with exactly these headers, none added. A WebSocket sends its `connection_init`, without a token."""
        path, _, query = path.partition("?")
        init = {"type": "websocket.receive", "text": '{"type": "connection_init"}'}
        request = {"type": "http.request", "body": body, "more_body": False}
        told: list[dict[str, Any]] = [{"type": "websocket.connect"}, init] if kind == "websocket" else [request]
        messages = iter(told)
        answer = Answer()

        async def receive() -> dict[str, Any]:
            message = next(messages, None)
            return message if message is not None else await asyncio.Future()

        async def send(message: Any) -> None:
            match message["type"]:
                case "http.response.start":
                    answer.status, answer.headers = message["status"], list(message["headers"])
                case "http.response.body":
                    answer.body += message.get("body", b"")
                case "websocket.accept":
                    answer.status = 101
                case "websocket.close":
                    answer.status = message["code"] if answer.status else 403

        scope: dict[str, Any] = {
            "type": kind,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": list(headers),
            "scheme": "ws" if kind == "websocket" else "http",
            "server": ("127.0.0.1", 8000),
            "client": ("192.0.2.7", 50_000),
            "http_version": "1.1",
        }
        scope |= {"subprotocols": ["graphql-transport-ws"]} if kind == "websocket" else {"method": method}
        await self.app(scope, receive, send)
        return answer


@asynccontextmanager
async def serving(database_url: str, folder: Path, **changed: Any) -> AsyncIterator[Service]:
    """Yield the service with its clock held, and nothing done in the background."""
    settings = Settings(
        **{
            "data_dir": folder,
            "database_url": database_url,
            "public_url": PUBLIC_URL,
            "slack_client_id": "client",
            "slack_client_secret": SecretStr("secret"),
            "slack_signing_secret": SecretStr(SIGNING_SECRET),
            "allowed_origins": (FRIEND,),
            **changed,
        }
    )
    if not database.is_embedded(database_url):
        make_keyring(settings.keyring)
    clock = HeldClock()
    app = create_app(settings, clock=clock, process=Process(works=False))
    async with app.router.lifespan_context(app), make_services(folder=folder, clock=clock) as services:
        admin = (await found(services)).admin
        token = await console.create_token(team="Orbit", email="ada@example.com", scopes=(), days=None, services=services)
        link = await make_sign_in_link(member_id=admin.id, services=services)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=PUBLIC_URL) as client:
            signed_in = await client.post(link.reveal(), headers={"Origin": PUBLIC_URL})
        [cookie] = SimpleCookie(signed_in.headers["set-cookie"]).values()
        yield Service(app, (b"cookie", f"{cookie.key}={cookie.value}".encode()), token, admin.id, folder, clock)


async def rows() -> dict[str, Any]:
    """Return everything that the database holds of teams, sessions, tokens, sign-ins and their log."""
    return {**await rows_of_teams(), **await rows_of_sign_ins()}
