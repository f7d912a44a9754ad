"""What a run, or a turn in an integration's life, does to deliveries."""

from uuid import UUID

from app.deliveries.at_once import AtOnce
from app.deliveries.events import DeliveryChanged, DeliveryCreated
from app.deliveries.holding_back import QUEUE, Queue, queue_of
from app.deliveries.leases import Candidate, claimant_of
from app.deliveries.models import WAITING, Delivery, DeliveryStatus
from app.integrations.events import IntegrationDeleted, IntegrationStatusChanged
from app.integrations.kinds.contract import Heard
from app.integrations.kinds.listening import listeners_of
from app.integrations.kinds.table import kind_of
from app.integrations.models import IntegrationStatus
from app.log.events import Change
from app.log.quotas import DELIVERIES_OF_DAY
from app.monitors.events import RunRecorded
from app.providers.contract import Occasion


async def make(change: Change, domain_event: RunRecorded, *, at_once: AtOnce | None = None) -> None:
    """Make a delivery for each integration that hears of the run, and let it count. What may, goes `at_once`.

    Raises Refusal CONFLICT, and nothing is recorded, where the team has had as many made as it may.
    """
    run, goes = domain_event.run, list[Candidate[Delivery]]()
    is_open = at_once is not None and at_once.is_open
    for listener in await listeners_of(run.monitor_id, besides=QUEUE, with_grants=is_open):
        kind = kind_of(listener.integration)
        if kind.deliveries is not None:
            change.spend(DELIVERIES_OF_DAY)
            heard = await kind.deliveries.hear(change, run, listener)
            delivery = await make_one(change, run.id, heard, queue=queue_of(listener))
            domain_event.made.append(delivery)
            if delivery.status is DeliveryStatus.PENDING and not delivery.held_back:
                delivery.run, delivery.integration = run, listener.integration  # as who posts it would read them
                target = kind.deliveries.target_of(listener)
                goes.append(Candidate(delivery, claimant_of(listener.integration), target, listener.grant))
    if at_once is not None:
        await at_once.take(goes, change=change)


async def follow_integration(change: Change, domain_event: IntegrationStatusChanged) -> None:
    """Drop what waits for an integration that was paused; give up what waits for one that was stopped."""
    match domain_event.status:
        case IntegrationStatus.PAUSED:
            await _end_waiting(change, domain_event, DeliveryStatus.SKIPPED, "The integration was paused.")
        case IntegrationStatus.NEEDS_REAUTHENTICATION | IntegrationStatus.UNAVAILABLE:
            await _end_waiting(
                change, domain_event, DeliveryStatus.FAILED, domain_event.message or "The integration was stopped."
            )
        case IntegrationStatus.ACTIVE | IntegrationStatus.FAILING:
            pass


async def give_up(change: Change, domain_event: IntegrationDeleted) -> None:
    """Give up what waits for an integration that was deleted."""
    await _end_waiting(change, domain_event, DeliveryStatus.FAILED, "The integration was deleted.")


async def make_one(change: Change, run_id: UUID, heard: Heard, *, queue: Queue) -> Delivery:
    """Make the delivery of what the integration heard of the run, the next one in its queue. The caller lets it count."""
    integration, status = heard.integration, _first_status(heard)
    delivery = Delivery(
        id=heard.delivery_id,
        team_id=change.team_id,
        integration_id=integration.id,
        run_id=run_id,
        position=queue.last + 1,
        occasion=heard.occasion or Occasion.RUN,
        status=status,
        next_attempt_at=change.now if status is DeliveryStatus.PENDING else None,
        held_back=status is DeliveryStatus.PENDING and queue.is_held_back,
        outage_id=heard.outage_id,
        created_at=change.now,
    )
    change.add(delivery)
    await change.record(DeliveryCreated(delivery.id, integration.id, integration.name, status))
    return delivery


def _first_status(heard: Heard) -> DeliveryStatus:
    if heard.occasion is None:
        return DeliveryStatus.SKIPPED
    if heard.integration.is_stopped:
        return DeliveryStatus.FAILED
    return DeliveryStatus.SKIPPED if heard.integration.is_paused else DeliveryStatus.PENDING


async def _end_waiting(
    change: Change, domain_event: IntegrationStatusChanged | IntegrationDeleted, status: DeliveryStatus, message: str
) -> None:
    waiting = Delivery.filter(integration_id=domain_event.integration_id, status__in=WAITING)
    for delivery in await waiting.order_by("position"):
        previous = delivery.status
        delivery.end(status)
        await delivery.save()
        await change.record(
            DeliveryChanged(delivery.id, domain_event.integration_id, domain_event.name, status, previous, message)
        )
