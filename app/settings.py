"""What the operator sets: environment variables with the prefix INSTALLED_APPS_, and for server commands a `.env` file."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import ConfigurationError

PREFIX = "INSTALLED_APPS_"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_HIGHEST_PORT = 65_535


class Settings(BaseSettings):
    """Every setting, checked. Names, defaults and meanings are the README's table."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Path("./data")
    database_url: str = ""
    redis_url: SecretStr | None = None
    keyring_file: Path | None = None
    public_url: str = "http://127.0.0.1:8000"
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_url: str = "https://slack.com"
    outbound_allow: str = ""
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    rate_limit_per_minute: int = Field(default=60_000, ge=0)
    team_rate_limit_per_minute: int = Field(default=300_000, ge=0)
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

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for parts in map(urlsplit, values):
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.path or parts.query:
                raise ValueError("must be a comma list of origins such as https://app.example.com")
        return values

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _read_networks(cls, value: object) -> object:
        return tuple(_network(part.strip()) for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("public_url", "slack_url")
    @classmethod
    def _is_base_address(cls, value: str) -> str:
        return _address(value).rstrip("/")

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

    @field_validator("traces_url")
    @classmethod
    def _is_collector(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://none")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
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
        return urlsplit(self.public_url).hostname in LOOPBACK_HOSTS

    @property
    def has_secure_cookies(self) -> bool:
        return self.public_url.startswith("https:")


def read_settings(*, env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment (and `env_file`, where there is one).

    Raises ConfigurationError with one line for each bad value, which names the setting and never shows the value.
    """
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        raise ConfigurationError("\n".join(_line(problem["loc"], problem["msg"]) for problem in error.errors())) from None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError("must be a comma list of addresses or CIDRs such as 10.0.0.0/8 or 2001:db8::1") from None
    if network.prefixlen == 0:
        raise ValueError("must name proxies: where everybody is trusted, anybody may say to come from anywhere")
    return network


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address such as https://apps.example.com")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("must be https unless it is a loopback address")
    return value


def _line(location: tuple[int | str, ...], message: str) -> str:
    name = f"{PREFIX}{str(location[0]).upper()}" if location else f"{PREFIX}*"
    return f"{name}: {message.removeprefix('Value error, ')}"
