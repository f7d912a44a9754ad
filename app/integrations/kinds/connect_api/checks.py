"""Finding out whether what APIs are connected to is still there, as their members see it: nobody tells us otherwise."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from tortoise.expressions import Subquery

from app.access.callers import Caller
from app.errors import TooComplex
from app.integrations.kinds.connect_api.layouts import Layout
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.connect_api.repositories import check_visible, find_access_end, find_failure
from app.integrations.kinds.connect_api.settings import grant_for, repository_of
from app.integrations.models import Integration
from app.integrations.sources import Using, grant_of
from app.integrations.status import record_access_end, record_attempt
from app.log.events import Change
from app.outbound.budget import Budget
from app.providers.contract import Failure
from app.repositories import asking
from app.repositories.references import RepositoryRef
from app.services import Services
from app.sign_ins.models import Grant
from app.storage.scheduling import Schedule
from app.storage.slots import ASKS, Claimant, Slots, given_or_own

CHECK_EVERY = timedelta(days=1)
CHECKS = Schedule("next_check_at", every=CHECK_EVERY, jitter=timedelta(hours=3))
AGAIN_AFTER = timedelta(minutes=5)
"""How soon after a failure it is looked at again, at the earliest."""

_ROUND = 20


async def check_access(found: Integration, *, using: Using, caller: Caller, services: Services, budget: Budget) -> None:
    """Make sure that who takes a connection over sees its repository; a server that cannot be asked now does not prevent it.

    Raises NOT_FOUND, SIGN_IN_REQUIRED, WRONG_ACCOUNT for `using` of another server.
    """
    connection = await ApiConnection.get(integration_id=found.id)
    grant = await grant_for(found, using, caller=caller, services=services)
    await check_visible(repository_of(found, connection), grant=grant, services=services, budget=budget)


async def find_hidden(
    found: Sequence[Integration], /, *, grant: Grant, services: Services, budget: Budget
) -> Mapping[UUID, Failure]:
    """Return why the grant's member does not see the repositories of some, by the integrations' ids: each is asked for once."""
    connections = await ApiConnection.filter(integration_id__in=[integration.id for integration in found])
    wanted = list(dict.fromkeys(connection.repository_id for connection in connections))
    answers = await asyncio.gather(*(_ask_for(one, grant=grant, services=services, budget=budget) for one in wanted))
    hidden = {one: failure for one, failure in zip(wanted, answers, strict=True) if failure is not None}
    return {each.integration_id: hidden[each.repository_id] for each in connections if each.repository_id in hidden}


async def check_soon(change: Change, integration_ids: Collection[UUID]) -> None:
    """Have the job look at once, in this change's team, whether what is connected is there."""
    mine = ApiConnection.filter(integration_id__in=list(integration_ids), team_id=change.team_id, live_key__isnull=False)
    await mine.update(next_check_at=change.now)


async def release(change: Change, integration_id: UUID) -> None:
    """Let another integration connect what this one, just deleted, was connected to."""
    mine = ApiConnection.filter(integration_id=integration_id, team_id=change.team_id)
    await mine.update(live_key=None, next_check_at=None)


async def check_due(*, services: Services, slots: Slots | None = None) -> int:
    """Begin to look at the connections whose time has come, side by side, and return how many those are.

    No server gets more than its share. Without `slots` all of them have been looked at when this returns.
    """
    async with given_or_own(slots, ASKS) as places:
        living = ApiConnection.filter(live_key__isnull=False)
        if full := places.room().full_origins:
            living = living.exclude(integration_id__in=Subquery(Integration.filter(origin__in=full).values("id")))
        look = partial(_check, services=services)
        return await CHECKS.work(
            living.select_related("integration"), look, whose=_claimant_of, clock=services.clock, slots=places, limit=_ROUND
        )


async def _ask_for(repository_id: str, *, grant: Grant, services: Services, budget: Budget) -> Failure | None:
    """Return why the repository is not there to see; None where it is, or cannot be asked for now."""
    try:
        answer = await asking.ask(asking.repository(repository_id), grant=grant, budget=budget, services=services, fresh=True)
    except TooComplex:
        return None
    return answer if isinstance(answer, Failure) and not answer.fault.is_transient else None


def _claimant_of(connection: ApiConnection) -> Claimant:
    return Claimant(connection.integration.origin, connection.id)


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
    access = await find_access_end(where, grant=grant, services=services) if failure is None else None

    async def note(change: Change) -> None:
        if await _is_as_it_was(connection):
            await record_attempt(change, integration, failure)
            if access is not None and await grant_of(integration) == grant.id:
                await record_access_end(change, integration, access.at)

    await services.events.change(integration.team_id, note)
    if failure is not None:
        again = services.clock.now() + _pause_after(failure, connection)
        await CHECKS.bring_forward(ApiConnection.filter(id=connection.id, live_key__isnull=False), to=again)


async def _is_as_it_was(connection: ApiConnection) -> bool:
    """Whether what was asked about is still what it is connected to."""
    same = {"branch": connection.branch, "schema_file": connection.schema_file}
    return await ApiConnection.filter(id=connection.id, live_key__isnull=False, **same).exists()


def _pause_after(failure: Failure, connection: ApiConnection) -> timedelta:
    wait = max(AGAIN_AFTER, timedelta(seconds=failure.retry_after or 0))
    return wait + timedelta(seconds=connection.id.int % int(AGAIN_AFTER.total_seconds()))
