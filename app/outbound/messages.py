"""Requests and responses of the way out, and a request's form on the wire."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlencode

import orjson

from app.outbound.origins import Url
from app.sealing.secret import Secret, to_bytes

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_NAME = re.compile(r"[A-Za-z0-9-]+")
_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
# The door writes these itself. A secret in any of them would slip past the check of its origin.
_OURS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "private-token",
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
    }
    | {"accept-encoding", "te", "trailer", "upgrade", "expect"}
)


@dataclass(frozen=True)
class Bearer:
    """An access token, sent as RFC 6750, section 2.1, has it."""

    token: Secret


@dataclass(frozen=True)
class Basic:
    """A name and a password, sent as RFC 7617 has it: in UTF-8, not form-encoded first as RFC 6749 would."""

    user: str
    password: Secret


@dataclass(frozen=True)
class Endpoint:
    """The name of what is called, for whoever counts calls: our own words, with nothing of the address in them."""

    provider: str
    name: str


OTHER = Endpoint("service", "other")


@dataclass(frozen=True)
class Request:
    """A call to make: to an absolute address, with a form or with JSON or with neither.

    A Secret may stand in `credential`, as a value of `form`, or anywhere inside `json`; not in the address or in `headers`.
    `endpoint` is what the call is counted as.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str | Secret] | None = None
    json: object | None = None
    credential: Bearer | Basic | None = None
    endpoint: Endpoint = OTHER


class Headers(Mapping[str, str]):
    """A response's headers: names in any case; values of a repeated one are joined by commas (RFC 9110, section 5.3)."""

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        self._values = {name: ", ".join(each) for name, each in values.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True)
class Response:
    """An answer of any status, a redirect too: none is followed. Its repr hides headers and body: tokens arrive in them.

    `certificate` is the one that the server has shown, in DER; None without TLS.
    """

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    certificate: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class NotAllowed:
    """Nothing was sent: the address policy is against it. `message` is for a person."""

    message: str


class Cause(Enum):
    """The cause for which no answer came."""

    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    NAME = "name"
    RESET = "reset"
    PROXY = "proxy"


@dataclass(frozen=True)
class Unreachable:
    """No whole answer came. After CONNECT, TLS, NAME and PROXY nothing had been sent; after TIMEOUT and RESET it may have."""

    cause: Cause
    message: str


@dataclass(frozen=True)
class BadAnswer:
    """An answer came that cannot be used: too large, compressed though asked not to be, no HTTP. The call may have worked."""

    message: str


@dataclass(frozen=True)
class Wire:
    """A request as it is sent; `holds_secret` is whether any part of it is one."""

    method: bytes
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = field(repr=False)
    holds_secret: bool


def fits_header(text: str) -> bool:
    """Whether the text, perhaps a token, can be a header's value: printable ASCII, no space at either end, not empty."""
    return _VALUE.fullmatch(text) is not None


def put_on_wire(request: Request, url: Url) -> Wire:
    """Write the request down. Raises ValueError, which quotes no value, where it breaks Request's rules."""
    if request.method not in _METHODS or (request.form is not None and request.json is not None):
        raise ValueError("a request has one of six methods, and a form or JSON or neither")
    content_type, body, secret_body = _write_body(request)
    written = {"Host": url.authority, "User-Agent": "installed-apps", "Accept": "application/json"} | _checked(request.headers)
    written |= {"Accept-Encoding": "identity"} | content_type | _write_credential(request.credential)
    if body or request.method in {"POST", "PUT", "PATCH"}:
        written["Content-Length"] = str(len(body))
    return Wire(
        method=request.method.encode(),
        headers=[(name.encode(), value.encode()) for name, value in written.items()],
        body=body,
        holds_secret=secret_body or request.credential is not None,
    )


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    named = {name.title(): value for name, value in headers.items()}
    for name, value in named.items():
        if name.lower() in _OURS or not _NAME.fullmatch(name):
            raise ValueError(f"the header {name!r} is not the caller's to set")
        if not isinstance(value, str) or not fits_header(value):
            raise ValueError(f"the value of the header {name!r} cannot be sent")
    return named


def _write_body(request: Request) -> tuple[dict[str, str], bytes, bool]:
    if request.form is not None:
        pairs = {name: value.reveal() if isinstance(value, Secret) else value for name, value in request.form.items()}
        secret = any(isinstance(value, Secret) for value in request.form.values())
        body = urlencode(pairs, errors="surrogatepass").encode()
        return {"Content-Type": "application/x-www-form-urlencoded"}, body, secret
    if request.json is not None:
        body, secret = _write_json(request.json)
        return {"Content-Type": "application/json"}, body, secret
    return {}, b"", False


def _write_json(value: object) -> tuple[bytes, bool]:
    revealed: list[Secret] = []

    def reveal(inner: object) -> str:
        if not isinstance(inner, Secret):
            raise TypeError("only plain values and secrets are sent as JSON")
        revealed.append(inner)
        return inner.reveal()

    try:
        body = orjson.dumps(value, default=reveal, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS)
    except orjson.JSONEncodeError:
        raise ValueError("the JSON of a request holds what JSON cannot say") from None
    return body, bool(revealed)


def _write_credential(credential: Bearer | Basic | None) -> dict[str, str]:
    match credential:
        case None:
            return {}
        case Bearer(token):
            if not fits_header(token.reveal()):
                raise ValueError("the access token cannot be sent as a header")
            return {"Authorization": f"Bearer {token.reveal()}"}
        case Basic(user, password):
            pair = base64.b64encode(user.encode() + b":" + to_bytes(password)).decode()
            return {"Authorization": f"Basic {pair}"}
