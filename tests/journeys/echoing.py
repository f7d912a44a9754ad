"""A provider that tells back what it was sent: in its errors, its answers, its headers, wherever somebody might pass it on."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.journeys.planted import Planted

_SECRET_FIELDS = frozenset({"code", "code_verifier", "refresh_token", "client_secret", "access_token"})


@dataclass(frozen=True)
class Sent:
    """What the service has sent with one request."""

    headers: dict[str, str]
    body: bytes

    @property
    def credential(self) -> str:
        return self.headers.get("authorization", "").partition(" ")[2]

    def everything(self) -> str:
        return "\n".join((*self.headers.values(), *self.secrets().values(), self.body.decode("utf-8", "replace")))

    def secrets(self) -> dict[str, str]:
        """Return the credential, and what of the form is secret, by their names."""
        basic = self.headers.get("authorization", "").startswith("Basic ")
        credential = base64.b64decode(self.credential).decode().partition(":")[2] if basic else self.credential
        named = {"client_secret" if basic else "bearer": credential} if credential else {}
        return named | {name: value for name, value in parse_qsl(self.body.decode("latin-1")) if name in _SECRET_FIELDS}

    def first(self) -> str:
        return next(iter(self.secrets().values()))


@dataclass(frozen=True)
class Answer:
    body: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Echo = Callable[[Sent], Answer]

ECHOES: dict[str, Echo] = {
    "its words": lambda sent: Answer(json.dumps({"ok": False, "error": sent.everything()})),
    "its code": lambda sent: Answer(json.dumps({"ok": False, "error": sent.first(), "needed": sent.everything()})),
    "wrong types": lambda sent: Answer(
        json.dumps({"ok": True, "access_token": [sent.everything()], "team": sent.everything(), "channels": sent.everything()})
    ),
    "a page": lambda sent: Answer(f"<h1>{sent.everything()}</h1>", 500, {"content-type": "text/html"}),
    "broken JSON": lambda sent: Answer('{"ok": false, "error": "' + sent.everything()),
    "a redirect": lambda sent: Answer("", 302, {"location": f"https://{sent.first()}.example/?{sent.credential}"}),
    "headers": lambda sent: Answer(
        '{"ok": true}', 200, {"x-oauth-scopes": sent.first(), "set-cookie": sent.credential, "warning": sent.credential}
    ),
    "no gzip": lambda sent: Answer(sent.everything(), 200, {"content-encoding": "gzip"}),
}


class Echoing:
    """ASGI in front of the sandbox. `echo` answers the requests to `path`'s end while it is set; all secrets sent are known."""

    def __init__(self, app: ASGIApp, *, planted: Planted) -> None:
        self._app = app
        self._planted = planted
        self.path = ""
        self.echo: Echo | None = None
        self.told: Counter[str] = Counter()

    def tell_back(self, path: str, echo: Echo | None) -> None:
        self.path, self.echo = path, echo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "/api/" not in scope["path"]:
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        sent = Sent(headers, body)
        for name, value in sent.secrets().items():
            self._planted.know(f"a {name} sent to the provider", value)
        if self.echo is not None and scope["path"].endswith(self.path):
            self.told[scope["path"].rpartition("/")[2]] += 1
            await _give(self.echo(sent), send)
            return
        await self._app(scope, _again(body), self._learning(send))

    def _learning(self, send: Send) -> Send:
        async def learn(message: Message) -> None:
            if message["type"] == "http.response.body":
                for name, value in _fields_of(message.get("body", b"")):
                    if name in _SECRET_FIELDS:
                        self._planted.know(f"a provider's {name}", value)
            await send(message)

        return learn


def _fields_of(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        answer = json.loads(body)
    except ValueError:
        return
    if isinstance(answer, dict):
        yield from ((name, value) for name, value in answer.items() if isinstance(value, str))


async def _read(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        piece: bytes = message.get("body", b"")
        body += piece
        if not message.get("more_body", False):
            return body


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _give(answer: Answer, send: Send) -> None:
    body = answer.body.encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **answer.headers}
    rows = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": rows})
    await send({"type": "http.response.body", "body": body})
