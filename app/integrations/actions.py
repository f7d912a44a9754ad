"""What is done with an integration that is there: paused, resumed, deleted, taken note of."""

from collections.abc import Sequence
from uuid import UUID

from app.access.callers import Caller
from app.errors import Refusal, UserErrorCode
from app.graphql.inputs import not_found
from app.graphql.revisions import touch
from app.installed_apps.models import InstalledApp
from app.integrations.events import IntegrationDeleted, IntegrationEdited
from app.integrations.kinds.connect_api import settings as connections
from app.integrations.models import Integration
from app.integrations.permissions import may_edit
from app.integrations.telling import STATUS_COLUMNS, save_status, snapshot_of, tell_status
from app.log.events import Change
from app.providers.contract import Failure, Fault
from app.services import Services
from app.sign_ins import faults, grants
from app.sign_ins.models import StatusReason
from app.teams.permissions import recheck_role


async def pause(integration_id: UUID, *, caller: Caller, services: Services) -> Integration:
    """Post nothing until it is resumed. Pausing what is paused changes nothing.

    Raises NOT_FOUND; FORBIDDEN unless the caller made it or is an admin.
    """
    return await _set_paused(integration_id, paused=True, caller=caller, services=services)


async def resume(integration_id: UUID, *, caller: Caller, services: Services) -> Integration:
    """Undo `pause`; the same refusals. It is ACTIVE again unless something else holds it back."""
    return await _set_paused(integration_id, paused=False, caller=caller, services=services)


async def delete(integration_id: UUID, *, caller: Caller, services: Services) -> Integration:
    """Delete it, and give back the grant that it had for its own.

    Raises NOT_FOUND; FORBIDDEN unless the caller made it or is an admin.
    """

    async def apply(change: Change) -> Integration:
        integration = await find_editable(change, integration_id, caller=caller)
        integration.deleted_at = change.now
        touch(integration, change.now)
        await integration.save(update_fields=["deleted_at", "updated_at"])
        if integration.grant_id is not None:
            await grants.retire(change, integration.grant_id)
        await connections.free(change, integration.id)
        await change.record(IntegrationDeleted(integration.id, integration.name))
        return integration

    return await services.events.change(caller.team_id, apply, actor=caller.actor, is_free=True)


async def record_attempt(change: Change, integration: Integration, failure: Failure | None) -> None:
    """Take note of how the last attempt to post went: None, it succeeded. The row is read anew.

    A failure of the authorization is none of the integration's own: whoever made the call has told the grant. To be asked for
    patience is no failure.
    """
    await integration.refresh_from_db()
    if integration.is_deleted:
        return
    before = snapshot_of(integration)
    if failure is None:
        integration.succeed(now=change.now)
    elif _is_its_own(failure):
        integration.fail(faults.reason(failure), failure.message, now=change.now)
    await save_status(change, integration, before=before)


async def grant_of(integration: Integration) -> UUID | None:
    """Return the grant that it speaks with: its own, its installed app's or, at a Git server, its member's there.

    None when there is none: the installed app was deleted, or the member's authorization ended.
    """
    if integration.grant_id is not None or integration.installed_app_id is None:
        return integration.grant_id
    app = await InstalledApp.get_or_none(id=integration.installed_app_id, deleted_at__isnull=True)
    if app is None or app.oauth_client_id is None or integration.authorized_by_id is None:
        return app.grant_id if app is not None else None
    grant = await grants.live_grant_of(app.oauth_client_id, integration.authorized_by_id)
    return grant.id if grant is not None else None


async def find(team_id: UUID, integration_id: UUID, *, field: Sequence[str] = ("id",)) -> Integration:
    """Return the team's integration. Raises NOT_FOUND, for a deleted one too."""
    integration = await Integration.get_or_none(id=integration_id, team_id=team_id, deleted_at__isnull=True)
    if integration is None:
        raise not_found(field=field)
    return integration


async def find_editable(change: Change, integration_id: UUID, *, caller: Caller) -> Integration:
    """The same, for a caller who is about to change it. Raises FORBIDDEN unless they made it or are an admin."""
    viewer = await recheck_role(change, caller)
    integration = await find(change.team_id, integration_id)
    check_editable(viewer, integration)
    return integration


def check_editable(caller: Caller, integration: Integration) -> None:
    """Raise FORBIDDEN unless the caller may edit it."""
    if not may_edit(caller, integration):
        raise Refusal(
            UserErrorCode.FORBIDDEN,
            f"Only who made “{integration.name}” and Team Admins may change it. Re-authenticating it is open to every member.",
        )


async def _set_paused(integration_id: UUID, *, paused: bool, caller: Caller, services: Services) -> Integration:
    async def apply(change: Change) -> Integration:
        integration = await find_editable(change, integration_id, caller=caller)
        if integration.is_paused is paused:
            return integration
        before = snapshot_of(integration)
        turn = integration.pause if paused else integration.resume
        turn(now=change.now)
        touch(integration, change.now)
        await integration.save(update_fields=[*STATUS_COLUMNS, "updated_at"])
        if snapshot_of(integration) == before:
            # Stopped all the same: its status says nothing of the pause, and listeners would not hear of it.
            await change.record(IntegrationEdited(integration.id, integration.name))
        await tell_status(change, integration, before=before)
        return integration

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


def _is_its_own(failure: Failure) -> bool:
    """Whether it is the integration that fails, rather than its authorization; to be asked for patience is no failure."""
    reason = faults.reason(failure)
    return failure.fault is not Fault.BUSY and (reason.is_passing or reason is StatusReason.TARGET_UNAVAILABLE)
