"""The causes that announce themselves: each a function of rows and the clock, and of nothing else.

What no provider tells beforehand is not here: when an OAuth client or its secret ends, or that a member will be removed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.forecasts.models import ForecastCode
from app.providers.catalogue import CATALOGUE
from app.providers.contract import missing_scopes
from app.sign_ins.freshness import is_refused
from app.sign_ins.models import Grant, OAuthClient

TOLD_BEFORE = timedelta(days=30)
"""How long before its date a cause is told."""

UNUSED_AFTER = timedelta(days=90)


@dataclass(frozen=True)
class Standing:
    """The rows that an installed app or an integration stands on by itself, as they are at `now`.

    An integration that uses what an installed app holds has no grant here: whatever is wrong with that is the app's.
    """

    connected_to: str
    now: datetime
    grant: Grant | None = None
    client: OAuthClient | None = None
    access_ends_at: datetime | None = None
    """When the member whose authorization it is loses access to what it is connected to, where the provider has told."""


@dataclass(frozen=True)
class Prospect:
    """A stop that is known beforehand, and why. `at` is None where no date is known; `begins` is when it is first to be told."""

    code: ForecastCode
    message: str
    at: datetime | None = None
    begins: datetime | None = None


def prospects(standing: Standing) -> dict[ForecastCode, Prospect]:
    """Return everything known that will make it stop, however far ahead."""
    found = ((code, cause(standing)) for code, cause in CAUSES.items())
    return {code: prospect for code, prospect in found if prospect is not None}


def known_end(standing: Standing) -> datetime | None:
    """Return the first date by which it is known to stop, unless somebody acts; None where none is known."""
    dates = [each.at for code, each in prospects(standing).items() if each.at is not None and code is not ForecastCode.UNUSED]
    return min(dates, default=None)


def _authorization_expires(standing: Standing) -> Prospect | None:
    ends = _last_day_of(standing.grant) if standing.grant is not None else None
    if ends is None:
        return None
    way_out = f"The authorization for {standing.connected_to} ends on {_day(ends)} and is not renewed: sign in again before."
    return _dated(ForecastCode.AUTHORIZATION_EXPIRES, way_out, ends)


def _renewal_refused(standing: Standing) -> Prospect | None:
    grant = standing.grant
    if grant is None or not is_refused(grant):
        return None
    until = f" It works until {_minute(grant.expires_at)}." if grant.expires_at is not None else ""
    message = (
        f"{CATALOGUE[grant.provider].name} has refused to renew the authorization for {standing.connected_to}, at least twice "
        f"in a row.{until} Sign in again, or ask who runs the server."
    )
    return Prospect(ForecastCode.RENEWAL_REFUSED, message, grant.expires_at)


def _missing_scopes(standing: Standing) -> Prospect | None:
    grant = standing.grant
    lacking = missing_scopes(grant.scopes, wanted=CATALOGUE[grant.provider].scopes) if grant is not None else ()
    if not lacking:
        return None
    message = (
        f"The authorization for {standing.connected_to} lacks {', '.join(lacking)}, which is needed: it stops when that is next "
        "looked at. Sign in again and allow everything asked for."
    )
    return Prospect(ForecastCode.MISSING_SCOPES, message)


def _server_certificate_expires(standing: Standing) -> Prospect | None:
    ends = standing.client.certificate_ends_at if standing.client is not None else None
    if ends is None:
        return None
    message = f"The certificate of {standing.connected_to} ends on {_day(ends)}: who runs the server has to renew it before."
    return _dated(ForecastCode.SERVER_CERTIFICATE_EXPIRES, message, ends)


def _ca_certificate_expires(standing: Standing) -> Prospect | None:
    ends = standing.client.trust_ends_at if standing.client is not None else None
    if ends is None:
        return None
    message = (
        f"The CA certificate that {standing.connected_to} is trusted by ends on {_day(ends)}: a Team Admin has to put the "
        "next one into `caCertificates` before."
    )
    return _dated(ForecastCode.CA_CERTIFICATE_EXPIRES, message, ends)


def _access_expires(standing: Standing) -> Prospect | None:
    ends = standing.access_ends_at
    if ends is None:
        return None
    message = (
        f"At {standing.connected_to} the member whose authorization it uses has access until {_day(ends)}: have it "
        "extended there, or let another member re-authenticate this integration."
    )
    return _dated(ForecastCode.ACCESS_EXPIRES, message, ends)


def _unused(standing: Standing) -> Prospect | None:
    """Tell of a grant that the provider will end for want of use. Our daily check is a use, so this is about one that fails."""
    grant = standing.grant
    allowed = CATALOGUE[grant.provider].ends_unused_after if grant is not None else None
    if grant is None or allowed is None:
        return None
    used = max(moment for moment in (grant.created_at, grant.last_used_at, grant.last_checked_at) if moment is not None)
    if standing.now < used + UNUSED_AFTER:
        return None
    message = (
        f"{standing.connected_to} has accepted the authorization last on {_day(used)}, and ends one that is not used until "
        f"{_day(used + allowed)}: look why it cannot be reached, or sign in again."
    )
    return Prospect(ForecastCode.UNUSED, message, used + allowed, used + UNUSED_AFTER)


CAUSES: Mapping[ForecastCode, Callable[[Standing], Prospect | None]] = {
    ForecastCode.AUTHORIZATION_EXPIRES: _authorization_expires,
    ForecastCode.RENEWAL_REFUSED: _renewal_refused,
    ForecastCode.MISSING_SCOPES: _missing_scopes,
    ForecastCode.SERVER_CERTIFICATE_EXPIRES: _server_certificate_expires,
    ForecastCode.CA_CERTIFICATE_EXPIRES: _ca_certificate_expires,
    ForecastCode.ACCESS_EXPIRES: _access_expires,
    ForecastCode.UNUSED: _unused,
}


def _last_day_of(grant: Grant) -> datetime | None:
    """Return when nothing that the grant holds works any more; None where that is not known, or is put off by each renewal."""
    if grant.sealed_refresh is None:
        return grant.expires_at
    if grant.refresh_ends_at is None:
        return None
    return max(grant.refresh_ends_at, grant.expires_at or grant.refresh_ends_at)


def _dated(code: ForecastCode, message: str, at: datetime) -> Prospect:
    return Prospect(code, message, at, at - TOLD_BEFORE)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
