"""Finding out whether what APIs are connected to is still there, as their members see it: nobody tells us otherwise."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from app.access.callers import Caller
from app.clock import APART
from app.integrations.kinds.connect_api.layouts import Layout
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.connect_api.repositories import check_visible, find_failure
from app.integrations.kinds.connect_api.settings import grant_for, repository_of
from app.integrations.models import Integration
from app.integrations.sources import Using, grant_of
from app.integrations.status import record_attempt
from app.log.events import Change
from app.outbound.budget import Budget
from app.providers.contract import Failure
from app.repositories.references import RepositoryRef
from app.services import Services
from app.sign_ins.models import Grant
from app.storage import database

CHECK_EVERY = timedelta(days=1)
AGAIN_AFTER = timedelta(minutes=5)
"""Of a failure: how soon it is looked at again, at the earliest."""

_JITTER_SECONDS = 3 * 3600
_ROUND = 20


async def check_access(found: Integration, *, using: Using, caller: Caller, services: Services, budget: Budget) -> None:
    """Make sure that who takes a connection over sees its repository; a server that cannot be asked now does not prevent it.

    Raises NOT_FOUND, SIGN_IN_REQUIRED, WRONG_ACCOUNT for `using` of another server.
    """
    connection = await ApiConnection.get(integration_id=found.id)
    grant = await grant_for(found, using, caller=caller, services=services)
    await check_visible(repository_of(found, connection), grant=grant, services=services, budget=budget)


async def check_soon(change: Change, integration_id: UUID) -> None:
    """Have the job look at once, in this change's team, whether what is connected is there."""
    mine = ApiConnection.filter(integration_id=integration_id, team_id=change.team_id, live_key__isnull=False)
    await mine.update(next_check_at=change.now)


async def release(change: Change, integration_id: UUID) -> None:
    """Let another integration connect what this one, just deleted, was connected to."""
    mine = ApiConnection.filter(integration_id=integration_id, team_id=change.team_id)
    await mine.update(live_key=None, next_check_at=None)


async def check_due(*, services: Services) -> int:
    """Look at the connections whose time has come, side by side, and return how many those are."""
    now = services.clock.now()
    is_time = Q(next_check_at__lte=now) | Q(next_check_at__gt=now + CHECK_EVERY + APART)
    due = ApiConnection.filter(is_time, live_key__isnull=False).order_by("next_check_at", "id")
    claimed = [row for row in await due.limit(_ROUND) if await _claim(row, now=now)]
    await asyncio.gather(*(_check_claimed(row, services=services) for row in claimed))
    return len(claimed)


def next_check(connection: ApiConnection, *, now: datetime) -> datetime:
    """Return when to look again in about a day: each at a time of its own, so that they do not come all at once."""
    return now + CHECK_EVERY - timedelta(seconds=connection.id.int % _JITTER_SECONDS)


async def _check_claimed(connection: ApiConnection, *, services: Services) -> None:
    try:
        await _check(connection, services=services)
    except asyncio.CancelledError:
        await _bring_forward(connection, to=services.clock.now())  # or it would wait for another day
        raise


async def _check(connection: ApiConnection, *, services: Services) -> None:
    """Ask as the member whose grant it is. What has no working authorization is looked at once it has one again."""
    integration = await Integration.get(id=connection.integration_id)
    grant_id = await grant_of(integration)
    grant = await Grant.get_or_none(id=grant_id) if grant_id is not None else None
    if integration.is_stopped or grant is None:
        return
    where = RepositoryRef(integration.provider, integration.account_id, connection.repository_id)
    layout = Layout(connection.branch, connection.schema_file, connection.collection_directory)
    failure = await find_failure(where, layout, grant=grant, services=services)

    async def note(change: Change) -> None:
        if await _is_as_it_was(connection):
            await record_attempt(change, integration, failure)

    await services.events.change(integration.team_id, note)
    if failure is not None:
        await _look_sooner(connection, failure, now=services.clock.now())


async def _is_as_it_was(connection: ApiConnection) -> bool:
    """Whether what was asked about is still what it is connected to."""
    same = {"branch": connection.branch, "schema_file": connection.schema_file}
    return await ApiConnection.filter(id=connection.id, live_key__isnull=False, **same).exists()


async def _claim(connection: ApiConnection, *, now: datetime) -> bool:
    """Take the check for this process, by moving the next one to another day; an edit from now on moves it back."""
    mine = ApiConnection.filter(id=connection.id, next_check_at=connection.next_check_at)
    return await database.update(mine, next_check_at=next_check(connection, now=now)) == 1


async def _look_sooner(connection: ApiConnection, failure: Failure, *, now: datetime) -> None:
    wait = max(AGAIN_AFTER, timedelta(seconds=failure.retry_after or 0))
    spread = timedelta(seconds=connection.id.int % int(AGAIN_AFTER.total_seconds()))
    await _bring_forward(connection, to=now + wait + spread)


async def _bring_forward(connection: ApiConnection, *, to: datetime) -> None:
    await database.update(ApiConnection.filter(id=connection.id, next_check_at__gt=to), next_check_at=to)
