"""Letting integrations go on that have a working authorization again, within the change that is the cause."""

from tortoise.queryset import QuerySet

from app.integrations.kinds.connect_api import settings as connections
from app.integrations.models import Integration
from app.integrations.status import save_status, snapshot_of
from app.log.events import Change


async def go_on(change: Change, integration: Integration) -> None:
    """Let a stopped one go on, with a fresh start; what it is connected to is looked at soon."""
    before = snapshot_of(integration)
    integration.restore(now=change.now)
    await save_status(change, integration, before=before)
    await connections.check_soon(change, integration.id)


async def bring_back(change: Change, integrations: QuerySet[Integration]) -> None:
    """Let those of them that are stopped go on."""
    for integration in await integrations.filter(stopped_by__isnull=False):
        await go_on(change, integration)
