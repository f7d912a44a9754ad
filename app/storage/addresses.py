"""Reading INSTALLED_APPS_DATABASE_URL: every part of it is used, or refused by a line that shows none of its values."""

import ipaddress
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from app.errors import ConfigurationError

SETTING = "INSTALLED_APPS_DATABASE_URL"

_PORT = 5432
_HIGHEST_PORT = 65_535
_SCHEMES = ("postgres://", "postgresql://")
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_ATTRIBUTES = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
_FILES = ("sslrootcert", "sslcert", "sslkey")
_PARAMETERS = ("sslmode", *_FILES, "target_session_attrs", "host")
_LONGEST = 4096
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_HALF_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")

_ENCODE = (
    f"{SETTING}: percent-encode what a user, a password, a name or a path in it has of / [ ] # ? % and control characters "
    "(/ is %2F, % is %25)."
)
_LOOK = (
    f"{SETTING} must be sqlite:///path/to/file or postgres://user:password@host:port/name, with nothing behind it but "
    f"{', '.join(_PARAMETERS)}."
)


@dataclass(frozen=True)
class ServerAddress:
    """The address of a PostgreSQL, or of several of which one is taken. A host that begins with / is a socket's folder.

    `parameters` are what else asyncpg is told, in its own words: of TLS, and which of the servers it may take.
    """

    hosts: tuple[tuple[str, int], ...]
    user: str
    password: str | None = field(repr=False)
    database: str
    parameters: Mapping[str, str]

    @property
    def listens(self) -> tuple[tuple[str, int], ...]:
        """Return hosts and ports of those that are reached through a network."""
        return tuple((host, port) for host, port in self.hosts if not host.startswith("/"))

    @property
    def places(self) -> str:
        """Return where it is looked for, for a person."""
        return ", ".join(host if host.startswith("/") else f"{host}:{port}" for host, port in self.hosts)

    @property
    def shown(self) -> str:
        """Return the database's name as SQL has it."""
        return '"{}"'.format(self.database.replace('"', '""'))

    @property
    def making(self) -> str:
        """Return the command that makes such a database."""
        return f"CREATE DATABASE {self.shown} ENCODING 'UTF8' TEMPLATE template0;"

    @property
    def options(self) -> dict[str, Any]:
        """Return what asyncpg is called with."""
        return {
            "dsn": f"postgres://?{urlencode(self.parameters)}" if self.parameters else None,
            "host": [host for host, _ in self.hosts],
            "port": [port for _, port in self.hosts],
            "user": self.user,
            "password": self.password,
            "database": self.database,
        }


def read_address(url: str) -> ServerAddress:
    """Return what `postgres://…` says. Raises ConfigurationError, of one line, that names what is wrong and shows no value."""
    rest = next((url.removeprefix(scheme) for scheme in _SCHEMES if url.startswith(scheme)), None)
    if rest is None or len(url) > _LONGEST:
        raise ConfigurationError(_LOOK)
    authority, path, query = _parts(rest)
    login, _, places = authority.rpartition("@")
    user, colon, password = login.partition(":")
    parameters = _read_parameters(query)
    host = parameters.pop("host", None)
    database = _decoded(path.strip("/"))
    if not database or not database.isprintable() or "/" in path.strip("/"):
        raise ConfigurationError(_LOOK)
    return ServerAddress(
        hosts=_read_hosts(places, sockets=host),
        user=_decoded(user) or "postgres",
        password=_decoded(password) if colon and password else None,
        database=database,
        parameters=_checked(parameters),
    )


def _parts(rest: str) -> tuple[str, str, str]:
    """Cut it up, and refuse what could be cut in another place: a password that is not encoded ends where it should not."""
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    login = authority.rpartition("@")[0]
    if "#" in rest or "@" in path or "@" in query or any(sign in login for sign in "[]"):
        raise ConfigurationError(_ENCODE)
    if any(not sign.isprintable() for sign in rest):
        raise ConfigurationError(_ENCODE)
    return authority, path, query


def _read_hosts(places: str, *, sockets: str | None) -> tuple[tuple[str, int], ...]:
    """Return hosts and ports; `sockets` are those that stand in the parameter `host`, which the port before it is for then."""
    pairs = [_read_place(place) for place in places.split(",")]
    if sockets is not None:
        if len(pairs) > 1 or pairs[0][0]:
            raise ConfigurationError(f"{SETTING}: it has a host of its own and the parameter host: name it in one place.")
        pairs = [(host, pairs[0][1]) for host in sockets.split(",")]
    for host, _ in pairs:
        _check_host(host)
    return tuple(pairs)


def _read_place(place: str) -> tuple[str, int]:
    if place.startswith("["):
        address, bracket, port = place[1:].partition("]")
        if not bracket or (port and not port.startswith(":")) or not _is_address(address):
            raise ConfigurationError(_LOOK)
        return address, _read_port(port.removeprefix(":"))
    host, _, port = place.partition(":")
    return _decoded(host), _read_port(port)


def _read_port(text: str) -> int:
    if not text:
        return _PORT
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_HIGHEST_PORT)) and 0 < int(text) <= _HIGHEST_PORT):
        raise ConfigurationError(_LOOK)
    return int(text)


def _check_host(host: str) -> None:
    """Refuse what could not even be looked up."""
    if host.startswith("/") or _is_address(host):
        return
    try:
        is_name = bool(host) and not any(sign in host for sign in " /\\:@[]") and bool(host.encode("idna"))
    except UnicodeError:
        is_name = False
    if not is_name:
        raise ConfigurationError(_LOOK)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _read_parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.split("&") if query else []:
        name, equals, value = pair.partition("=")
        if name not in _PARAMETERS:
            named = (
                f"the parameter {name} is not one that"
                if _NAME.fullmatch(name)
                else "it has a parameter that is none of those that"
            )
            raise ConfigurationError(f"{SETTING}: {named} can be used here: {', '.join(_PARAMETERS)}.")
        if name in found or not equals or not value:
            raise ConfigurationError(f"{SETTING}: the parameter {name} must stand there once, with a value.")
        found[name] = _decoded(value)
    return found


def _checked(parameters: dict[str, str]) -> Mapping[str, str]:
    for name, values in (("sslmode", _MODES), ("target_session_attrs", _ATTRIBUTES)):
        if parameters.get(name, values[0]) not in values:
            raise ConfigurationError(f"{SETTING}: {name} must be one of {', '.join(values)}.")
    if parameters.get("sslmode") in {"verify-ca", "verify-full"} and "sslrootcert" not in parameters:
        raise ConfigurationError(
            f"{SETTING}: sslmode={parameters['sslmode']} needs sslrootcert, a file with the certificates that are trusted."
        )
    if ("sslcert" in parameters) != ("sslkey" in parameters):
        raise ConfigurationError(f"{SETTING}: sslcert and sslkey are set both, or neither of them.")
    return parameters


def check_files(address: ServerAddress) -> None:
    """Read the files that the parameters name, as asyncpg does later. Raises ConfigurationError naming one that is of no use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    given = address.parameters
    if "sslrootcert" in given:
        _read_file("sslrootcert", lambda: context.load_verify_locations(given["sslrootcert"]))
    if "sslcert" in given:
        _read_file("sslcert and sslkey", lambda: context.load_cert_chain(given["sslcert"], given["sslkey"], password=""))


def _read_file(name: str, read: Callable[[], None]) -> None:
    try:
        read()
    except (OSError, ValueError) as error:  # OpenSSL's own are OSErrors
        why = (
            error.strerror
            if isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
            else "no PEM, or not of one another"
        )
        raise ConfigurationError(f"{SETTING}: {name}: no file that can be used ({why}).") from None


def _decoded(text: str) -> str:
    if _HALF_ENCODED.search(text):
        raise ConfigurationError(_ENCODE)
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ConfigurationError(_ENCODE) from None
    if "\0" in decoded:
        raise ConfigurationError(_ENCODE)
    return decoded
