"""The operator's settings: environment variables with the prefix INSTALLED_APPS_, and for server commands a `.env` file."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import ConfigurationError
from app.log.quota_settings import Quotas
from app.outbound.origins import OddUrl, Url, parse_url
from app.outbound.policy import AllowRule, parse_allow
from app.outbound.proxies import OddProxy, Proxy, parse_proxy

PREFIX = "INSTALLED_APPS_"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_OF_REPORTING = frozenset({"URL", "TOKEN"})
_OF_CLUSTERS = ("SERVICE_HOST", "SERVICE_PORT", "PORT")
"""How names begin that Kubernetes and Docker set in every container beside a service that is named like this one."""

OWN_PATHS = frozenset(
    {"activity", "authorize", "callback", "graphiql", "graphql", "healthz", "hooks", "icons", "integrations", "metrics"}
    | {"monitors", "pages", "readyz", "settings", "sign-in", "sign-out"}
)
"""What the service's own paths begin with: below a path that begins so, nobody could tell the one from the other."""

_HIGHEST_PORT = 65_535
_LONGEST_PATH = 256
_BELOW = "such as https://tools.example.com/installed-apps"
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


class Settings(Quotas, BaseSettings):
    """Every setting, checked. docs/settings.md tells names, defaults and meanings."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Path("./data")
    database_url: str = ""
    database_connections: int = Field(default=10, ge=1, le=1000)
    redis_url: SecretStr | None = None
    keyring_file: Path | None = None
    public_url: str = "http://127.0.0.1:8000"
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_url: str = "https://slack.com"
    outbound_allow: str = ""
    outbound_proxy: SecretStr | None = None
    outbound_proxy_private: bool = False
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    rate_limit_per_minute: int = Field(default=60_000, ge=0)
    team_rate_limit_per_minute: int = Field(default=300_000, ge=0)
    connections_per_address: int = Field(default=1000, ge=0)
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_team_claim: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    metrics_token: SecretStr | None = None
    traces_url: str | None = None
    sandbox_port: int = Field(default=8010, ge=1, le=_HIGHEST_PORT)
    log_format: Literal["text", "json"] | None = None

    @field_validator("data_dir", "keyring_file", mode="before")
    @classmethod
    def _is_no_address(cls, value: object) -> object:
        # It would be named as the place of a file in messages and logs, with the password that may stand in it.
        if isinstance(value, str) and "://" in value:
            raise ValueError("must be a path, and this is an address: DATABASE_URL and REDIS_URL take those")
        return value

    @field_validator("data_dir", "keyring_file")
    @classmethod
    def _is_path(cls, value: Path | None) -> Path | None:
        if value is not None and not str(value).isprintable():
            raise ValueError("must be a path: no file can have a name with such characters in it")
        return value

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        # In the one spelling in which browsers name a page's origin: else it would never be the same.
        return tuple(_origin(value) for value in values)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _read_networks(cls, value: object) -> object:
        return tuple(_network(part.strip()) for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("public_url", "slack_url")
    @classmethod
    def _is_base_address(cls, value: str) -> str:
        return _address(value).rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _has_plain_path(cls, value: str) -> str:
        path = _path(value)
        if len(path) > _LONGEST_PATH or not _PLAIN_PATH.fullmatch(path):
            # A cookie has to name it as browsers and proxies write it, whoever of them decodes, joins slashes or orders dots.
            raise ValueError(f"must be an address whose path is letters, digits and -._~ between single slashes, {_BELOW}")
        if path[1:].partition("/")[0] in OWN_PATHS:
            raise ValueError(f"must be an address whose path does not begin as one of the service's own does, {_BELOW}")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str | None) -> str | None:
        # As it is, with a slash at its end or without: tokens name it so, and the two are compared to the letter.
        return _address(value) if value is not None else None

    @field_validator("oidc_audience", "oidc_team_claim", "oidc_client_id")
    @classmethod
    def _is_not_empty(cls, value: str | None) -> str | None:
        if value == "":
            raise ValueError("must not be empty: leave it out, or say what it is")
        return value

    @field_validator("outbound_allow")
    @classmethod
    def _is_read(cls, value: str) -> str:
        try:
            parse_allow(value)
        except ConfigurationError as error:
            raise ValueError(error.message.removeprefix(f"{PREFIX}OUTBOUND_ALLOW: ")) from None
        return value

    @field_validator("outbound_proxy")
    @classmethod
    def _is_proxy(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value is not None else ""
        if text and isinstance(proxy := parse_proxy(text), OddProxy):
            raise ValueError(f"must be an address such as http://proxy.corp.example:3128: {proxy.message}")
        return SecretStr(text) if text else None

    @field_validator("traces_url")
    @classmethod
    def _is_collector(cls, value: str | None) -> str | None:
        # OpenTelemetry speaks to it, not the door: its host may be a name of the local network's own, with an underscore.
        if value and not _is_plain(value):
            raise ValueError("must be an address such as http://127.0.0.1:4318/v1/traces, without a password")
        return value or None

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> "Settings":
        given = [value is not None for value in (self.oidc_issuer, self.oidc_audience, self.oidc_team_claim)]
        if any(given) and not all(given):
            raise ValueError("OIDC_ISSUER, OIDC_AUDIENCE and OIDC_TEAM_CLAIM are set all three, or none of them")
        client = [self.oidc_client_id is not None, self.oidc_client_secret is not None]
        if any(client) and not all(client):
            raise ValueError("OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are set both, or neither of them")
        if any(client) and not any(given):
            raise ValueError("OIDC_CLIENT_ID and OIDC_CLIENT_SECRET need OIDC_ISSUER, OIDC_AUDIENCE and OIDC_TEAM_CLAIM")
        return self

    @property
    def database(self) -> str:
        """The database's address; the embedded one in DATA_DIR when none is set."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'installed-apps.sqlite3').resolve()}"

    @property
    def keyring(self) -> Path:
        return self.keyring_file or self.data_dir / "keyring.json"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach PUBLIC_URL."""
        return _parsed(self.public_url).host in LOOPBACK_HOSTS

    @property
    def path(self) -> str:
        """The path below which PUBLIC_URL has the service, such as /installed-apps; empty where it has a host to itself."""
        return _path(self.public_url)

    def origin_of(self, name: str) -> str:
        """Return the origin of the address that the setting of that name has."""
        return _parsed(getattr(self, name)).origin

    @property
    def allow(self) -> tuple[AllowRule, ...]:
        """The servers that outgoing calls may reach although they are private."""
        return parse_allow(self.outbound_allow)

    @property
    def proxy(self) -> Proxy | None:
        """The proxy for outgoing calls; None: there is none."""
        proxy = parse_proxy(self.outbound_proxy.get_secret_value()) if self.outbound_proxy is not None else None
        return proxy if isinstance(proxy, Proxy) else None

    @property
    def has_secure_cookies(self) -> bool:
        return _parsed(self.public_url).scheme == "https"


def read_settings(*, env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment (and `env_file`, where there is one).

    Raises ConfigurationError with one line for each bad value, which names the setting and never shows the value.
    """
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        raise ConfigurationError("\n".join(_line(problem["loc"], problem["msg"]) for problem in error.errors())) from None


def unknown_settings(environment: Mapping[str, str] = os.environ, *, env_file: Path | None = Path(".env")) -> list[str]:
    """Return a line for each name with our prefix that is no setting: mistyped, it would count for nothing."""
    named = {**(dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}), **environment}
    lines = []
    for name in sorted({name.upper() for name in named if name.upper().startswith(PREFIX)}):
        bare = name.removeprefix(PREFIX)
        if bare.lower() not in Settings.model_fields and bare not in _OF_REPORTING and not bare.startswith(_OF_CLUSTERS):
            nearest = get_close_matches(bare, [field.upper() for field in Settings.model_fields], n=1)
            meant = f": did you mean {PREFIX}{nearest[0]}?" if nearest else "; docs/settings.md has the list."
            lines.append(f"{name} is no setting{meant}")
    return lines


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError("must be a comma list of addresses or CIDRs such as 10.0.0.0/8 or 2001:db8::1") from None
    if network.prefixlen == 0:
        raise ValueError("must name proxies: where everybody is trusted, anybody may say to come from anywhere")
    return network


def _is_plain(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        return False


def _address(value: str) -> str:
    url = _parsed(value)
    if "?" in url.target:
        raise ValueError("must be an address such as https://apps.example.com: it has a query")
    if url.scheme == "http" and url.host not in LOOPBACK_HOSTS:
        raise ValueError("must be https unless it is a loopback address")
    return value


def _path(value: str) -> str:
    return _parsed(value).target.rstrip("/")


def _origin(value: str) -> str:
    url = parse_url(value)
    if isinstance(url, OddUrl) or url.target != "/":
        raise ValueError("must be a comma list of origins such as https://app.example.com")
    return url.origin


def _parsed(value: str) -> Url:
    """Read an address by the parser of all who use it: what is taken here, they can use."""
    url = parse_url(value)
    if isinstance(url, OddUrl):
        raise ValueError(f"must be an address such as https://apps.example.com: {url.message}")  # noqa: TRY004 - its spelling is wrong
    return url


def _line(location: tuple[int | str, ...], message: str) -> str:
    name = f"{PREFIX}{str(location[0]).upper()}" if location else f"{PREFIX}*"
    return f"{name}: {message.removeprefix('Value error, ')}"
