"""Integrations at Git servers: through an installed app that only has the OAuth client, with one member's own grant there.

Which grant that is changes whenever the member signs in anew, so no row names it: it is looked up by the installed app's client
and the member. They are found by the server's address, which stays when the app is deleted or has another client.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.installed_apps.models import InstalledApp
from app.installed_apps.permissions import WORKING
from app.integrations.models import Integration
from app.integrations.restoring import go_on
from app.integrations.status import living, stop
from app.log.events import Change
from app.sign_ins.grants import live_grant_of
from app.sign_ins.models import Grant, OAuthClient, StatusReason


@dataclass(frozen=True)
class StatusCause:
    """The cause for which an integration has no working authorization."""

    reason: StatusReason
    message: str


async def of_member(change: Change, oauth_client_id: UUID, member_id: UUID) -> Sequence[Integration]:
    """Return the integrations that use the member's own grants at the client's server."""
    client = await OAuthClient.get_or_none(id=oauth_client_id, team_id=change.team_id)
    if client is None:
        return []
    there = living(change).filter(provider=client.provider, account_id=client.base_url, grant_id__isnull=True)
    return await there.filter(authorized_by_id=member_id)


async def of_grant(change: Change, grant_id: UUID) -> Sequence[Integration]:
    """The same for the member whose grant it is; none for a grant that is shared, or an integration's own."""
    grant = await Grant.get_or_none(id=grant_id, team_id=change.team_id)
    if grant is None or grant.oauth_client_id is None:
        return []
    return await of_member(change, grant.oauth_client_id, grant.member_id)


async def adopt(change: Change, app: InstalledApp, *, oauth_client_id: UUID) -> None:
    """Give the installed app what an app for the same address, now deleted, has left behind."""
    client = await OAuthClient.get(id=oauth_client_id)
    there = living(change).filter(provider=client.provider, account_id=client.base_url, uses_installed_app=True)
    orphans = await there.exclude(installed_app_id=app.id)
    for integration in orphans:
        integration.installed_app_id = app.id
        await integration.save(update_fields=["installed_app_id"])
    await review(change, orphans)


async def review(change: Change, integrations: Sequence[Integration]) -> None:
    """Let the stopped ones go on that nothing stops any more, and say of the others what does."""
    for integration in integrations:
        if not integration.is_stopped:
            continue
        cause = await find_cause(integration)
        if cause is None:
            await go_on(change, integration)
        elif cause.reason is not integration.stopped_by:
            await stop(change, integration, cause.reason, cause.message)


async def find_cause(integration: Integration) -> StatusCause | None:
    """Return what is in its way: the installed app first, then its member's grant there; None: it can work."""
    app = await InstalledApp.get_or_none(id=integration.installed_app_id, deleted_at__isnull=True)
    if app is None or app.oauth_client_id is None:
        message = f"The installed app for {integration.connected_to} was deleted: a Team Admin can add it again."
        return StatusCause(StatusReason.INSTALLED_APP_DELETED, message)
    if app.status not in WORKING and app.status_reason is not None:
        message = f"The installed app “{app.name}” no longer works. {app.status_message or ''}".rstrip()
        return StatusCause(app.status_reason, message)
    member_id = integration.authorized_by_id
    grant = await live_grant_of(app.oauth_client_id, member_id) if member_id is not None else None
    if grant is None:
        return StatusCause(
            StatusReason.AUTHORIZATION_ENDED,
            f"The member whose authorization it uses has to sign in at {integration.connected_to} again; or another member "
            "re-authenticates this integration, and it uses theirs.",
        )
    if grant.trouble is not None and not grant.trouble.is_passing:
        return StatusCause(grant.trouble, grant.trouble_message or "The authorization does not work any more: sign in again.")
    return None
