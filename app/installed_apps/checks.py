"""Asking whether a Git server answers, and whether its client's secret opens."""

from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.clock import APART
from app.errors import SealError
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.servers import ask_server, find_trust
from app.installed_apps.status import record_recovery, record_trouble
from app.log.events import Change
from app.log.quotas import TROUBLES_OF_DAY
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Failure, Fault
from app.providers.hosting import Server
from app.services import Services
from app.sign_ins import faults, oauth_clients
from app.sign_ins.models import OAuthClient, StatusReason
from app.storage.scheduling import Schedule, take
from app.storage.slots import ASKS, Claimant, Slots, given_or_own

CHECKS = Schedule("last_checked_at", every=timedelta(days=1), jitter=timedelta(hours=3))
AGAIN_AFTER = timedelta(minutes=5)
_ROUND = 20
_MAY_PASS = (InstalledAppStatus.UNREACHABLE, InstalledAppStatus.UNAVAILABLE)


async def check_due(*, services: Services, slots: Slots | None = None) -> int:
    """Begin to check the Git servers whose time has come, and return how many: daily, and within minutes what may pass by itself.

    One that does not answer holds up no other. Without `slots` all have been checked when this returns.
    """
    now = services.clock.now()
    living = InstalledApp.filter(deleted_at__isnull=True, oauth_client_id__isnull=False).select_related("oauth_client")
    ahead = Q(oauth_client__last_checked_at__gt=now + APART)  # by a clock that was set back since
    later = living.filter(Q(oauth_client__last_checked_at__lte=now - AGAIN_AFTER) | ahead)
    may_pass = later.filter(status__in=_MAY_PASS).order_by("oauth_client__last_checked_at").limit(_ROUND)
    async with given_or_own(slots, ASKS) as places:
        if not places.room().left:
            return 0
        return await places.fill(
            [*await may_pass, *await living.filter(id__in=await _due_today(later, now=now))],
            lambda app: check_server(app, services=services),
            whose=lambda app: Claimant(app.origin, app.oauth_client_id),
            claim=lambda app: _claim(app.oauth_client, now=now),
        )


async def check_server(app: InstalledApp, *, services: Services) -> Failure | None:
    """Ask whether such a server still answers and whether the client's secret opens; write both down."""
    client = await OAuthClient.get(id=app.oauth_client_id)
    hosting = CATALOGUE[client.provider].hosting
    if hosting is None:
        return None
    try:
        await oauth_clients.open_secret(client, services=services)
    except SealError as error:
        return Failure(Fault.BROKEN, error.message)
    found = await ask_server(hosting, client, services=services)
    failure = found if isinstance(found, Failure) else None
    ends = await find_trust(hosting, client, found, services=services) if isinstance(found, Server) else None

    async def note(change: Change) -> None:
        await OAuthClient.filter(id=client.id).update(last_checked_at=change.now)
        if ends is not None:
            await oauth_clients.record_ends(change, client, ends)
        fresh = await InstalledApp.get(id=app.id)
        if fresh.is_deleted or fresh.oauth_client_id != client.id:
            return
        fails = failure if failure is not None and failure.fault is not Fault.BUSY else None
        is_news = fails is not None or fresh.status is InstalledAppStatus.UNREACHABLE
        if is_news and change.let(TROUBLES_OF_DAY):
            await _record(change, fresh, fails)

    await services.events.change(app.team_id, note)
    if client.trouble is StatusReason.KEY_UNAVAILABLE:
        await oauth_clients.note_recovery(client.id, services=services)
    return failure


async def _record(change: Change, app: InstalledApp, failure: Failure | None) -> None:
    if failure is not None:
        await record_trouble(change, app, _reason_of(failure), failure.message)
    else:
        await record_recovery(change, app)


def _reason_of(failure: Failure) -> StatusReason:
    """Return the reason: whatever is wrong with a server may pass by itself."""
    reason = faults.reason(failure)
    return reason if reason.is_passing else StatusReason.PROVIDER_ERROR


async def _due_today(apps: QuerySet[InstalledApp], *, now: datetime) -> list[UUID]:
    """Return some of those whose daily time has come, the longest due first. Those that may be due soon hold none of them up."""
    soon = Q(oauth_client__last_checked_at__lte=now - CHECKS.every + CHECKS.jitter) | Q(oauth_client__last_checked_at__gt=now)
    asked = await apps.filter(soon).values_list("id", "oauth_client__last_checked_at")
    due = sorted((CHECKS.next(app_id, now=at), app_id) for app_id, at in asked if at > now or CHECKS.next(app_id, now=at) <= now)
    return [app_id for _, app_id in due[:_ROUND]]


async def _claim(client: OAuthClient | None, *, now: datetime) -> bool:
    return client is not None and await take(client, OAuthClient.filter(ended_at__isnull=True), last_checked_at=now)
