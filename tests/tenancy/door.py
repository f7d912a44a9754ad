"""The service's own door, in this process: who asks does so over HTTP with a real token."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import orjson
from starlette.applications import Starlette

from app.access.refusals import Refusals
from app.graphql.execution.schema import Schema
from app.graphql.transport.view import View
from app.log.watcher import Watcher
from app.sealing.secret import Secret
from app.services import Services
from app.teams.authentication import Authenticator
from app.web.stopping import Stopping
from tests.services import PUBLIC_URL

JSON = dict[str, Any]

_SETTLE_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    media: str
    body: bytes

    @property
    def results(self) -> list[JSON]:
        """The operation's results, one after the other. Raises ValueError where one is not JSON."""
        lines = [line.removeprefix(b"data: ") for line in self.body.splitlines() if line.startswith(b"data: ")]
        return [orjson.loads(line) for line in (lines if self.media.startswith("text/event-stream") else [self.body])]

    @property
    def json(self) -> JSON:
        return self.results[-1]


class Door:
    """Where operations are asked. A subscription is told all that is in the log by now, and is then sent away."""

    def __init__(self, schema: Schema, services: Services, watcher: Watcher) -> None:
        self._schema = schema
        self._authenticator = Authenticator(services)
        self._refusals = Refusals(events=services.events)
        self._services = services
        self._watcher = watcher
        self._client = self._client_of(services)

    async def ask(self, token: Secret | None, document: str, variables: Mapping[str, Any]) -> Answer:
        return await _post(self._client, token, document, variables, accept="application/json")

    async def listen(self, token: Secret | None, document: str, variables: Mapping[str, Any]) -> Answer:
        stopping = Stopping()
        stopping.tell()
        client = self._client_of(replace(self._services, watcher=self._watcher, stopping=stopping))
        return await _post(client, token, document, variables, accept="text/event-stream")

    async def settle(self) -> None:
        """Let be written when tokens were used."""
        await self._authenticator.settle()

    async def close(self) -> None:
        """Let be written whatever is noted aside, and note nothing more."""
        await self._refusals.settle(seconds=_SETTLE_SECONDS)
        await self.settle()

    def _client_of(self, services: Services) -> httpx2.AsyncClient:
        authenticate, note_refusal = self._authenticator.authenticate, self._refusals.note
        view = View(self._schema, authenticate=authenticate, services=services, note_refusal=note_refusal)
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=Starlette(routes=view.routes())), base_url=PUBLIC_URL)


async def _post(
    client: httpx2.AsyncClient, token: Secret | None, document: str, variables: Mapping[str, Any], *, accept: str
) -> Answer:
    headers = {"accept": accept, "content-type": "application/json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token.reveal()}"
    body = orjson.dumps({"query": document, "variables": variables})
    response = await client.post("/graphql", content=body, headers=headers)
    return Answer(response.status_code, response.headers["content-type"], response.content)


@asynccontextmanager
async def door_to(schema: Schema, services: Services) -> AsyncIterator[Door]:
    """Yield the door, with a watcher that will look no more; what is noted aside is written before it closes."""
    watcher = Watcher()
    await watcher.finish()
    door = Door(schema, services, watcher)
    try:
        yield door
    finally:
        await door.close()
