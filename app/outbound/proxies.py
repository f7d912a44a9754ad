"""A company's proxy on the way out: how its address is written, in a setting or in the environment."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from app.outbound.addresses import parse_address
from app.sealing.secret import Secret

_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


@dataclass(frozen=True)
class Proxy:
    """The place of a proxy, and the user and password that it asks for."""

    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: Secret = field(default=Secret(""), repr=False)

    @property
    def place(self) -> str:
        """Host and port, for a person."""
        return authority_of(self.host, self.port)


@dataclass(frozen=True)
class OddProxy:
    """The text is no address of a proxy; `message` says why, and quote nothing of it."""

    message: str


def parse_proxy(text: str, *, usual_port: int | None = None) -> Proxy | OddProxy:
    """Read `http://[user:password@]host:port`, user and password percent-encoded; without a port it is `usual_port`, if any."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or usual_port
    except ValueError:
        return OddProxy("its host and port are not written plainly; / # ? @ : in a password are percent-encoded (# is %23)")
    if odd := _oddity(text, parts):
        return OddProxy(odd)
    if parse_address(host) is None and not set(host) <= _IN_NAMES:
        return OddProxy("its host is not a name that a server can have")
    if not port:
        return OddProxy("it names no port")
    return _with_credentials(host, port, user=parts.username, password=parts.password or "")


def authority_of(host: str, port: int) -> str:
    """Return `host:port`, IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _oddity(text: str, parts: SplitResult) -> str | None:
    if parts.scheme == "https" or parts.scheme.startswith("socks"):
        return "the proxy itself is spoken to over http (what goes through it has TLS of its own), not over https or SOCKS"
    if parts.scheme != "http" or not parts.hostname:
        return "it has to look like http://host:port or http://user:password@host:port"
    if not text.isascii() or not text.isprintable() or " " in text or parts.netloc.count("@") > 1:
        return "user and password have characters that have to be percent-encoded"
    if parts.path not in {"", "/"} or "?" in text or "#" in text:
        return "nothing may stand behind its port"
    return None


def _with_credentials(host: str, port: int, *, user: str | None, password: str) -> Proxy | OddProxy:
    if user is None:
        return Proxy(host, port)
    try:
        name, secret = unquote(user, errors="strict"), unquote(password, errors="strict")
    except UnicodeDecodeError:
        return OddProxy("its user and password are not percent-encoded UTF-8")
    if not name or ":" in name or not (name + secret).isprintable():
        return OddProxy("no proxy can be told such a user and password")
    return Proxy(host, port, name, Secret(secret))
