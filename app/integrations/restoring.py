"""Letting integrations go on that have a working authorization again, within the change that is the cause."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from app.graphql.revisions import touch
from app.installed_apps.models import InstalledApp
from app.integrations.events import AuthorizationsReplaced, IntegrationReauthenticated
from app.integrations.kinds.table import KINDS, kind_of
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.sources import Source, Using, take
from app.integrations.status import STATUS_COLUMNS, living, save_status, snapshot_of, tell_status
from app.log.events import Change
from app.sign_ins import grants

_COLUMNS = (
    *("provider", "connected_to", "account_id", "origin", "uses_installed_app", "installed_app_id", "grant_id"),
    *("authorized_by_id", "updated_at"),
    *(column for column in STATUS_COLUMNS if column != "status_changed_at"),
)
"""What another authorization makes of a row."""


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
    """Give the row another authorization, and give back the one that it had for its own. Return the app made by it, if any.

    The caller saves the row, and records what happened.
    """
    source = await take(change, using, member_id=member_id, wanted_account_id=wanted_account_id)
    replaced = integration.grant_id
    source.give_to(integration)
    integration.restore(now=change.now)
    await _look_soon(change, integration)
    if replaced is not None and replaced != integration.grant_id:
        await give_back(change, replaced, but=integration.id)
    return source.new_app


async def reauthorize_all(change: Change, integrations: Sequence[Integration], source: Source) -> None:
    """Give rows that use an installed app, or used one, another authorization, all at once; save them and tell of each."""
    before = {integration.id: snapshot_of(integration) for integration in integrations}
    alike: dict[tuple[IntegrationStatus, datetime, bool], list[Integration]] = defaultdict(list)
    for integration in integrations:
        source.give_to(integration)
        integration.restore(now=change.now)
        touch(integration, change.now)
        is_another = snapshot_of(integration) != before[integration.id]
        alike[integration.status, integration.updated_at, is_another].append(integration)
    for (_, _, is_another), rows in alike.items():
        columns = _COLUMNS + (("status_changed_at",) if is_another else ())
        values = {column: getattr(rows[0], column) for column in columns}
        await Integration.filter(id__in=[row.id for row in rows], team_id=change.team_id).update(**values)
    for key, kind in KINDS.items():
        if kind.checks is not None and (of_kind := [row.id for row in integrations if row.kind == key]):
            await kind.checks.check_soon(change, of_kind)
    for integration in integrations:
        await _tell(change, integration)
        await tell_status(change, integration, before=before[integration.id])
    await change.record(AuthorizationsReplaced(tuple(integration.id for integration in integrations)))


async def give_back(change: Change, grant_id: UUID, *, but: UUID) -> None:
    """Have a grant given back that an integration had for its own, unless another one than `but` has it too."""
    if not await living(change).filter(grant_id=grant_id).exclude(id=but).exists():
        await grants.retire(change, grant_id)


async def tell_reauthenticated(change: Change, integration: Integration) -> None:
    await _tell(change, integration)
    await change.record(AuthorizationsReplaced((integration.id,)))


async def _tell(change: Change, integration: Integration) -> None:
    await change.record(IntegrationReauthenticated(integration.id, integration.name, integration.connected_to))


async def _look_soon(change: Change, integration: Integration) -> None:
    """Have what it is connected to looked at, where its kind looks after that."""
    checks = kind_of(integration).checks
    if checks is not None:
        await checks.check_soon(change, [integration.id])
