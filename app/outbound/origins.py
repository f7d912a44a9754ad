"""Which server an address on the web names, in one spelling, so that two origins are the same where their texts are."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

from app.outbound.addresses import parse_address

DEFAULT_PORTS = {"https": 443, "http": 80}

_LONGEST = 4096
_LONGEST_NAME = 253
_HIGHEST_PORT = 65535
_ADDRESS = re.compile(r"(?i:(?P<scheme>https?)://)(?P<authority>[^/?#]+)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?")
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:@%]+))(?::(?P<port>[1-9][0-9]{0,4}))?")
_TARGET = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]]|%[0-9A-Fa-f]{2})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER_LIKE = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOT_SEGMENT = re.compile(r"(?:\.|%2[eE]){1,2}")


@dataclass(frozen=True)
class Url:
    """An address taken apart: `host` in ASCII without brackets, `target` the path (at least `/`) and query, as written."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them: IPv6 in brackets, no default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True)
class OddUrl:
    """The text names no server, or in a spelling that two readers could read in two ways. `message` tells a person why."""

    message: str


def parse_url(text: str) -> Url | OddUrl:
    """Take an http or https address apart; refuse whatever an honest one has no need for.

    Refused are user names, fragments, backslashes, spaces and controls, percent signs in the host, IPv4 in any spelling but four
    decimal numbers, zones, trailing dots, empty or zero-padded ports, names that IDNA 2008 does not know, and dot segments.
    """
    whole = _ADDRESS.fullmatch(text) if len(text) <= _LONGEST else None
    if whole is None:
        return OddUrl("it has to look like https://host, with nothing but a path behind it")
    authority = _AUTHORITY.fullmatch(whole["authority"])
    if authority is None:
        return OddUrl("its host and port are not written plainly")
    host = _read_v6(authority["v6"]) if authority["v6"] else _read_name(authority["name"])
    if isinstance(host, OddUrl):
        return host
    scheme = whole["scheme"].lower()
    port = int(authority["port"] or DEFAULT_PORTS[scheme])
    if port > _HIGHEST_PORT:
        return OddUrl("its port is above 65535")
    return _with_target(scheme, host, port, path=whole["path"] or "/", query=whole["query"] or "")


def origin_of(url: str) -> str | OddUrl:
    """Return scheme, host and port in one spelling, `https://git.example.com:8443`: lower case, no default port, ASCII."""
    parsed = parse_url(url)
    return parsed.origin if isinstance(parsed, Url) else parsed


def same_origin(url: str, origin: str) -> bool:
    """Whether the address is the origin's, however either is spelled; an odd one is nobody's."""
    here, there = origin_of(url), origin_of(origin)
    return isinstance(here, str) and here == there


def _with_target(scheme: str, host: str, port: int, *, path: str, query: str) -> Url | OddUrl:
    if not _TARGET.fullmatch(path + query):
        return OddUrl("its path has characters that have to be percent-encoded")
    if any(_DOT_SEGMENT.fullmatch(segment) for segment in path.split("/")):
        return OddUrl("its path climbs with dots")
    return Url(scheme=scheme, host=host, port=port, target=path + query)


def _read_v6(text: str) -> str | OddUrl:
    try:
        return IPv6Address(text).compressed
    except AddressValueError:
        return OddUrl("its IPv6 address is none")


def _read_name(text: str) -> str | OddUrl:
    # A name is never shorter in ASCII than as people write it, and IDNA takes long over long ones.
    if len(text) > _LONGEST_NAME:
        return OddUrl("its host is not a name that a server can have")
    name = text.lower() if text.isascii() else _to_ascii(text)
    labels = name.split(".")
    if _NUMBER_LIKE.fullmatch(labels[-1]):
        # Resolvers read 0177.1, 0x7f.1 and 2130706433 as 127.0.0.1.
        return name if isinstance(parse_address(name), IPv4Address) else OddUrl("its IPv4 address is not four decimal numbers")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        return OddUrl("its host is not a name that a server can have")
    if any(label.startswith("xn--") for label in labels) and _to_ascii(name) != name:
        return OddUrl("its host is not a name that a server can have")
    return name


def _to_ascii(name: str) -> str:
    # Strict: only "." separates labels. No mapping: full-width letters, enclosed digits and ideographic dots are refused.
    try:
        return idna.encode(name, strict=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""
