"""Callers whose answers are kept whole, but for the few places where a secret is given out; and what they were given is known."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import websockets

from tests.callers import JSON, Api
from tests.journeys.planted import Planted, Seen

_GIVEN_OUT = frozenset({"token", "startUrl", "inviteUrl"})


@dataclass(frozen=True)
class Watch:
    """Where everything goes that the service at `url` answers with."""

    url: str
    planted: Planted
    seen: Seen
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def client(self, **options: Any) -> httpx2.AsyncClient:
        """Return a client that is watched, and closed in the end."""
        made = httpx2.AsyncClient(trust_env=False, timeout=60, **options)
        self.clients.append(made)
        return self.over(made)

    def over(self, client: httpx2.AsyncClient) -> httpx2.AsyncClient:
        client.event_hooks = {"response": [self._take]}
        return client

    async def aclose(self) -> None:
        for client in self.clients:
            await client.aclose()

    async def _take(self, response: httpx2.Response) -> None:
        self._know_what_was_sent(response.request)
        if not str(response.url).startswith(f"{self.url}/"):
            return
        await response.aread()
        for name, value in response.headers.multi_items():
            if not self._is_given_out(response, name, value):
                self.seen.note(_place(response, f"the header {name}"), f"{name}: {value}")
        self.seen.note(_place(response, "the body"), self._without_given_out(response.content))

    def _know_what_was_sent(self, request: httpx2.Request) -> None:
        """Take down what only this browser should know: of addresses and of cookies."""
        parts = urlsplit(str(request.url))
        for name, value in parse_qsl(parts.query):
            if name in {"code", "state"}:
                self.planted.know(f"a sign-in's {name}", value)
        for name, _, value in (pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";")):
            if name:
                self.planted.know(f"the cookie {name.partition('_')[0]}", value)
        _, first, *rest = (*parts.path.split("/"), "")
        if first in {"sign-in", "authorize"} and rest[0] not in {"", "oidc"}:
            self.planted.know(f"the address of a {first}", rest[0])

    def _is_given_out(self, response: httpx2.Response, name: str, value: str) -> bool:
        """Cookies, the way to the provider with its state, and the way back to a sign-in for who has to sign in here first."""
        path = response.request.url.path
        if name == "set-cookie":
            return response.status_code == httpx2.codes.SEE_OTHER and path.startswith(("/sign-in", "/authorize/"))
        if name != "location" or not path.startswith("/authorize/"):
            return False
        to_provider = response.request.method == "POST" and urlsplit(value).path.endswith("/oauth/v2/authorize")
        return to_provider or value == f"{self.url}/sign-in?next={path}"

    def _without_given_out(self, content: bytes) -> bytes:
        try:
            body = json.loads(content)
        except ValueError:
            return content
        if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
            return content
        for payload in (value for value in body["data"].values() if isinstance(value, dict)):
            for name in _GIVEN_OUT & set(payload):
                self._learn(name, payload.pop(name))
            if isinstance(begun := payload.get("authorization"), dict) and "startUrl" in begun:
                self._learn("startUrl", begun.pop("startUrl"))
        return json.dumps(body).encode()

    def _learn(self, name: str, value: str | None) -> None:
        if value is not None:
            self.planted.know(f"a {name} from the API", value.rpartition("/")[2])


@dataclass
class WatchedApi(Api):
    client: httpx2.AsyncClient = field(default_factory=httpx2.AsyncClient)

    async def answer(self, operation: str, variables: Mapping[str, object]) -> JSON:
        answer: JSON = (await self.post({"query": operation, "variables": variables})).json()
        return answer

    async def post(self, body: object, **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(
            f"{self.url}/graphql",
            content=content,
            headers={"authorization": f"Bearer {self.token}", "content-type": "application/json", **headers},
        )


def watched_connection(seen: Seen) -> type[websockets.ClientConnection]:
    """Return a kind of WebSocket connection that keeps every byte that came in."""

    class Watched(websockets.ClientConnection):
        def data_received(self, data: bytes) -> None:
            seen.note("a WebSocket", data)
            super().data_received(data)

    return Watched


def _place(response: httpx2.Response, part: str) -> str:
    return f"{part} of {response.status_code} to {response.request.method} {response.request.url.path[:40]}"
