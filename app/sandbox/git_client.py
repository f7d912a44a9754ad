"""Who an OAuth app says it is, to a Git server."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request


@dataclass(frozen=True)
class Client:
    """An OAuth client: as it is registered, or as someone says to be."""

    id: str
    secret: str


def read_basic(request: Request) -> Client | None:
    """Read the OAuth client of an Authorization: Basic (RFC 7617)."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Client(name, secret) if scheme.lower() == "basic" else None


async def read_fields(request: Request) -> Mapping[str, str]:
    """Read a body that is a form or JSON; what is neither has no fields."""
    body = await request.body()
    try:
        if "json" not in request.headers.get("content-type", ""):
            return dict(parse_qsl(body.decode()))
        read = json.loads(body)
    except ValueError:
        return {}
    return {key: str(value) for key, value in read.items()} if isinstance(read, dict) else {}
