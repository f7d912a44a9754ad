"""How a call to Slack's Web API looks on the wire: arguments in, `ok` out."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from pydantic import JsonValue, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


@dataclass(frozen=True)
class Failure:
    """`{"ok": false, "error": …}`, with HTTP 200."""

    error: str
    needed: str | None = None
    provided: str | None = None


@dataclass(frozen=True)
class Client:
    """Who an app says it is."""

    id: str
    secret: str


@dataclass(frozen=True)
class Call:
    """A request's arguments, wherever they stood, and what it brought to prove itself."""

    arguments: Mapping[str, JsonValue]
    token: str | None
    client: Client | None


async def read_call(request: Request) -> Call | Failure:
    """Read a call: JSON, form or query; the token as Bearer or in a form, the client as Basic or in a form."""
    arguments: dict[str, JsonValue] = dict(request.query_params)
    arguments.pop("token", None)
    if request.method == "POST":
        body = await _read_body(request)
        if isinstance(body, Failure):
            return body
        arguments |= body
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    token = credentials.strip() if scheme.lower() == "bearer" else _text(arguments, "token")
    client = _read_basic(credentials) if scheme.lower() == "basic" else None
    if client is None and (client_id := _text(arguments, "client_id")) is not None:
        client = Client(client_id, _text(arguments, "client_secret") or "")
    return Call(arguments, token, client)


def respond(answer: Mapping[str, object] | Failure, scopes: tuple[str, ...] = ()) -> JSONResponse:
    """Return the answer as Slack gives it, naming the scopes that the token has."""
    headers = {"X-OAuth-Scopes": ",".join(scopes)} if scopes else {}
    if not isinstance(answer, Failure):
        return JSONResponse({"ok": True, **answer}, headers=headers)
    detail = {"error": answer.error, "needed": answer.needed, "provided": answer.provided}
    return JSONResponse({"ok": False} | {key: value for key, value in detail.items() if value is not None}, headers=headers)


async def _read_body(request: Request) -> dict[str, JsonValue] | Failure:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await request.body()
    try:
        if media_type != "application/json":
            return dict(parse_qsl(raw.decode(), keep_blank_values=True))
        parsed = _JSON.validate_json(raw or b"{}")  # slack_sdk says JSON also where it sends nothing
    except UnicodeDecodeError:
        return Failure("invalid_form_data")
    except ValidationError:
        return Failure("invalid_json")
    if not isinstance(parsed, dict):
        return Failure("json_not_object")
    return {key: value for key, value in parsed.items() if key != "token"}


def _read_basic(credentials: str) -> Client | None:
    try:
        client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Client(client_id, secret)


def _text(arguments: Mapping[str, JsonValue], name: str) -> str | None:
    value = arguments.get(name)
    return value if isinstance(value, str) and value else None
