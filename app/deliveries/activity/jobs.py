"""The worker's job: telling of the log what is due."""

from app.deliveries.activity.events import ActivityDeliveryFailed
from app.deliveries.activity.models import ActivityDelivery
from app.deliveries.activity.reports import read_report
from app.deliveries.holding_back import let_go_of_nothing
from app.deliveries.jobs import hand_over_due
from app.deliveries.leases import Lease
from app.deliveries.models import DeliveryStatus
from app.deliveries.posting import Attempt, Lost, Waiting, attempt
from app.deliveries.settling import Kept, settle
from app.deliveries.targets import tell
from app.integrations.sources import grant_of
from app.log.events import Change
from app.providers.contract import Authorized, Failure, Fault, Posted
from app.services import Services
from app.storage.slots import Shares, Slots
from app.storage.written import Written

TELLS = Shares(in_all=8, of_origin=4, of_grant=4)
"""How many of them a process has under way: what runs made has slots of its own."""

_LEASED = Written(lambda key, owner: ActivityDelivery.filter(id=key, lease_owner=owner).select_related("integration"))


async def tell_due(*, services: Services, slots: Slots | None = None) -> int:
    """Begin to attempt what is due, as `app.deliveries.jobs` does with what runs made."""
    return await hand_over_due(ActivityDelivery, _tell, services=services, slots=slots, looks_first=True)


async def let_go_due(*, services: Services) -> int:
    """Let go what is held back by nothing; return how many that were."""
    del services
    return await let_go_of_nothing(ActivityDelivery)


async def _tell(lease: Lease, services: Services) -> Attempt | Waiting | Lost:
    outcome = await _post(lease, services=services)
    if isinstance(outcome, Attempt):
        await settle(lease, outcome, services=services, of=_OF_LOG)
    return outcome


async def _post(lease: Lease, *, services: Services) -> Attempt | Waiting | Lost:
    delivery = await _LEASED.ask_one(lease.delivery_id, lease.owner)
    if delivery is None or not delivery.is_waiting:
        return Lost()
    report = await read_report(delivery)

    async def hand_over(authorized: Authorized) -> Posted | Failure:
        if report is None:
            return _FORGOTTEN
        integration, target = delivery.integration, lease.target
        answer = await tell(report, integration=integration, target=target, authorized=authorized, services=services)
        # Where it stands is not kept: nothing answers it.
        return Posted() if isinstance(answer, Posted) else answer

    return await attempt(lease, await grant_of(delivery.integration), hand_over, services=services)


async def _record(change: Change, delivery: ActivityDelivery, previous: DeliveryStatus, failure: Failure | None) -> None:
    if delivery.status is not DeliveryStatus.FAILED:
        return
    integration, message = delivery.integration, failure.message if failure is not None else None
    await change.record(ActivityDeliveryFailed(delivery.id, integration.id, integration.name, previous, message))


_OF_LOG = Kept(ActivityDelivery, _record)
_FORGOTTEN = Failure(Fault.REFUSED, "What this was about is no longer in the team's activity log.")
