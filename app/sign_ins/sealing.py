"""A grant's tokens on their way into its row and out of it."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from app.providers.contract import Tokens
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins.models import Grant

_SHARE_LEFT = 4  # due when a quarter of the lifetime is left


@dataclass(frozen=True, kw_only=True)
class SealedTokens:
    """Tokens as the row of one grant keeps them, bound to one version of it."""

    sealed_access: bytes
    sealed_refresh: bytes | None
    version: int
    expires_at: datetime | None
    lifetime_seconds: int | None
    refresh_at: datetime | None
    refresh_ends_at: datetime | None
    scope_names: str
    refusals: None = None

    def columns(self) -> dict[str, Any]:
        return asdict(self)


async def seal_tokens(tokens: Tokens, grant: Grant, *, version: int, now: datetime, services: Services) -> SealedTokens:
    """Seal what a sign-in or a refresh brought. Never inside a transaction. Raises KeyUnavailable."""
    access_place, refresh_place = (grant.binding(column, version=version) for column in ("sealed_access", "sealed_refresh"))
    lifetime = None if tokens.expires_at is None else tokens.expires_at - now
    return SealedTokens(
        sealed_access=await services.vault.seal(tokens.access, bound_to=access_place),
        sealed_refresh=None if tokens.refresh is None else await services.vault.seal(tokens.refresh, bound_to=refresh_place),
        version=version,
        expires_at=tokens.expires_at,
        lifetime_seconds=None if lifetime is None else int(lifetime.total_seconds()),
        refresh_at=None if lifetime is None or tokens.refresh is None else _due_at(now, lifetime),
        refresh_ends_at=tokens.refresh_ends_at,
        scope_names=" ".join(tokens.scopes),
    )


async def open_access(grant: Grant, *, services: Services) -> Secret | None:
    """Return the access token; None when it is shredded. Raises SealError."""
    if grant.sealed_access is None:
        return None
    return await services.vault.open(bytes(grant.sealed_access), bound_to=grant.binding("sealed_access"))


async def open_refresh(grant: Grant, *, services: Services) -> Secret | None:
    """Return the refresh token; None when there is none. Raises SealError."""
    if grant.sealed_refresh is None:
        return None
    return await services.vault.open(bytes(grant.sealed_refresh), bound_to=grant.binding("sealed_refresh"))


def was_due(grant: Grant, *, now: datetime) -> bool:
    """Whether the present tokens' refresh was due at `now`, though it may have failed and wait to be tried again."""
    if grant.expires_at is None or grant.lifetime_seconds is None:
        return False
    lifetime = timedelta(seconds=grant.lifetime_seconds)
    return _due_at(grant.expires_at - lifetime, lifetime) <= now


def _due_at(now: datetime, lifetime: timedelta) -> datetime:
    return now + lifetime - lifetime / _SHARE_LEFT
