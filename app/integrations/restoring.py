"""Letting integrations go on that have a working authorization again, within the change that is the cause."""

from uuid import UUID

from tortoise.queryset import QuerySet

from app.installed_apps.models import InstalledApp
from app.integrations.events import IntegrationReauthenticated
from app.integrations.kinds.table import kind_of
from app.integrations.models import Integration
from app.integrations.sources import Using, take
from app.integrations.status import save_status, snapshot_of
from app.log.events import Change
from app.sign_ins import grants


async def go_on(change: Change, integration: Integration) -> None:
    """Let a stopped one go on, with a fresh start; what it is connected to is looked at soon."""
    before = snapshot_of(integration)
    integration.restore(now=change.now)
    await save_status(change, integration, before=before)
    await _look_soon(change, integration)


async def restore_stopped(change: Change, integrations: QuerySet[Integration]) -> None:
    """Let those of them that are stopped go on."""
    for integration in await integrations.filter(stopped_by__isnull=False):
        await go_on(change, integration)


async def reauthorize(
    change: Change, integration: Integration, using: Using, *, member_id: UUID, wanted_account_id: str
) -> InstalledApp | None:
    """Give the row another authorization, and back the one that it had for its own; returns the installed app made by it, if any.

    The row is left to be saved, and what happened to be told.
    """
    source = await take(change, using, member_id=member_id, wanted_account_id=wanted_account_id)
    replaced = integration.grant_id
    source.give_to(integration)
    integration.restore(now=change.now)
    await _look_soon(change, integration)
    if replaced is not None and replaced != integration.grant_id:
        await grants.retire(change, replaced)
    return source.new_app


async def tell_reauthenticated(change: Change, integration: Integration) -> None:
    await change.record(IntegrationReauthenticated(integration.id, integration.name, integration.connected_to))


async def _look_soon(change: Change, integration: Integration) -> None:
    """Have what it is connected to looked at, where its kind looks after that."""
    checks = kind_of(integration).checks
    if checks is not None:
        await checks.check_soon(change, integration.id)
