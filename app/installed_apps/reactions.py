"""What becomes of an installed app when the grant, or the OAuth client, that it holds does."""

from app.installed_apps.models import InstalledApp
from app.installed_apps.status import record_recovery, record_trouble
from app.log.events import Change
from app.sign_ins.events import ClientRecovered, ClientTroubled, GrantEnded, GrantRecovered, GrantTroubled, MemberSignedIn
from app.sign_ins.models import LIVE, Grant, StatusReason

_PASSING = [reason for reason in StatusReason if reason.is_passing]


async def mark(change: Change, domain_event: GrantTroubled | GrantEnded | GrantRecovered) -> None:
    """Show how the grant is as the status of the installed app that holds it."""
    for app in await InstalledApp.filter(team_id=change.team_id, grant_id=domain_event.grant_id, deleted_at__isnull=True):
        match domain_event:
            case GrantRecovered():
                await record_recovery(change, app)
            case GrantTroubled(reason=reason, message=message) | GrantEnded(reason=reason, message=message):
                await record_trouble(change, app, reason, message)


async def mark_server(change: Change, domain_event: GrantTroubled | GrantEnded | GrantRecovered) -> None:
    """Show what members' own grants have found out about their Git server; what is wrong with one of them is its member's."""
    grant = await Grant.get_or_none(id=domain_event.grant_id, team_id=change.team_id)
    app = await _app_with(change, grant.oauth_client_id) if grant is not None and grant.oauth_client_id is not None else None
    if grant is None or app is None:
        return
    cut_off = Grant.filter(oauth_client_id=grant.oauth_client_id, state__in=LIVE, trouble__in=_PASSING)
    troubled = await cut_off.order_by("created_at", "id").first()
    if troubled is not None and troubled.trouble is not None:
        await record_trouble(change, app, troubled.trouble, troubled.trouble_message or "")
    else:
        await _reach(change, app)


async def mark_client(change: Change, domain_event: ClientTroubled | ClientRecovered) -> None:
    """Show how the OAuth client is as the status of the installed app that holds it."""
    app = await _app_with(change, domain_event.oauth_client_id)
    if app is None:
        return
    match domain_event:
        case ClientTroubled(reason=reason, message=message):
            await record_trouble(change, app, reason, message)
        case ClientRecovered():
            await record_recovery(change, app)


async def mark_reached(change: Change, domain_event: MemberSignedIn) -> None:
    """A member has just signed in there: the server can be reached."""
    app = await _app_with(change, domain_event.oauth_client_id)
    if app is not None:
        await _reach(change, app)


async def _app_with(change: Change, oauth_client_id: object) -> InstalledApp | None:
    return await InstalledApp.get_or_none(team_id=change.team_id, oauth_client_id=oauth_client_id, deleted_at__isnull=True)


async def _reach(change: Change, app: InstalledApp) -> None:
    if app.status_reason is not None and app.status_reason.is_passing:
        await record_recovery(change, app)
