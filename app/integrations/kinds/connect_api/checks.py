"""Finding out whether what APIs are connected to is still there, as their members see it: nobody tells us otherwise."""

from datetime import timedelta
from functools import partial

from app.integrations.kinds.connect_api.layouts import Layout
from app.integrations.kinds.connect_api.repositories import find_failure
from app.integrations.models import ApiConnection, Integration
from app.integrations.sources import grant_of
from app.integrations.status import record_attempt
from app.log.events import Change
from app.providers.contract import Failure
from app.repositories.references import RepositoryRef
from app.services import Services
from app.sign_ins.models import Grant
from app.storage.scheduling import Schedule

CHECK_EVERY = timedelta(days=1)
CHECKS = Schedule("next_check_at", every=CHECK_EVERY, jitter=timedelta(hours=3))
AGAIN_AFTER = timedelta(minutes=5)
"""Of a failure: how soon it is looked at again, at the earliest."""

_ROUND = 20


async def check_due(*, services: Services) -> int:
    """Look at the connections whose time has come, side by side, and return how many those are."""
    living = ApiConnection.filter(live_key__isnull=False)
    return await CHECKS.work(living, partial(_check, services=services), clock=services.clock, limit=_ROUND)


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
        again = services.clock.now() + _pause_after(failure, connection)
        await CHECKS.bring_forward(ApiConnection.filter(id=connection.id, live_key__isnull=False), to=again)


async def _is_as_it_was(connection: ApiConnection) -> bool:
    """Whether what was asked about is still what it is connected to."""
    same = {"branch": connection.branch, "schema_file": connection.schema_file}
    return await ApiConnection.filter(id=connection.id, live_key__isnull=False, **same).exists()


def _pause_after(failure: Failure, connection: ApiConnection) -> timedelta:
    wait = max(AGAIN_AFTER, timedelta(seconds=failure.retry_after or 0))
    return wait + timedelta(seconds=connection.id.int % int(AGAIN_AFTER.total_seconds()))
