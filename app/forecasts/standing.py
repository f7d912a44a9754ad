"""What an installed app or an integration stands on by itself, read from its rows."""

from datetime import datetime

from app.forecasts.causes import Prospect, Standing, prospects
from app.forecasts.models import ForecastCode
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.sources import grant_of
from app.sign_ins.models import Grant, OAuthClient

Subject = InstalledApp | Integration


async def prospects_of(subject: Subject, *, now: datetime) -> dict[ForecastCode, Prospect]:
    """Return everything known that will make it stop, or would if it worked."""
    standing = await _of_app(subject, now=now) if isinstance(subject, InstalledApp) else await _of_integration(subject, now=now)
    return prospects(standing)


def has_stopped(subject: Subject) -> bool:
    """Whether it has stopped already, until somebody acts."""
    return subject.status in {InstalledAppStatus.NEEDS_REAUTHENTICATION, IntegrationStatus.NEEDS_REAUTHENTICATION}


async def _of_app(app: InstalledApp, *, now: datetime) -> Standing:
    grant = await Grant.get_or_none(id=app.grant_id) if app.grant_id is not None else None
    client = await OAuthClient.get_or_none(id=app.oauth_client_id) if app.oauth_client_id is not None else None
    return Standing(app.connected_to, now, grant=grant, client=client)


async def _of_integration(integration: Integration, *, now: datetime) -> Standing:
    """Return its own: what it has through an installed app, and shares with others, is that app's."""
    is_own = integration.grant_id is not None or integration.authorized_by_id is not None
    grant_id = await grant_of(integration) if is_own else None
    grant = await Grant.get_or_none(id=grant_id) if grant_id is not None else None
    return Standing(integration.connected_to, now, grant=grant, access_ends_at=integration.access_ends_at)
