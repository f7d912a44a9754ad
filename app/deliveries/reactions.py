"""What a run, or a turn in an integration's life, does to deliveries."""

from uuid import uuid4

from app.deliveries.events import DeliveryChanged, DeliveryCreated
from app.deliveries.models import WAITING, Delivery, DeliveryStatus
from app.integrations.events import IntegrationDeleted, IntegrationStatusChanged
from app.integrations.kinds.post_monitoring_results.notify_rule import Verdict, judge
from app.integrations.models import Integration, IntegrationStatus, MonitoringPost
from app.log.events import Change
from app.log.quotas import DELIVERIES_OF_DAY
from app.monitors.events import RunRecorded
from app.providers.contract import Occasion


async def make(change: Change, domain_event: RunRecorded) -> None:
    """Make a delivery for each integration that posts the monitor, and let its notify rule count the run.

    Raises Refusal CONFLICT, and nothing is recorded, where the team has had as many made as it may.
    """
    posts = MonitoringPost.filter(monitor_id=domain_event.monitor.id, integration__deleted_at__isnull=True)
    for post in await posts.select_related("integration").order_by("integration__created_at", "integration_id"):
        change.spend(DELIVERIES_OF_DAY)
        verdict = judge(post.notify, failures_in_a_row=post.failures_in_a_row, outcome=domain_event.run.outcome)
        post.failures_in_a_row = verdict.failures_in_a_row
        await post.save(update_fields=["failures_in_a_row"])
        await _make(change, domain_event, post.integration, verdict)


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


async def _make(change: Change, domain_event: RunRecorded, integration: Integration, verdict: Verdict) -> None:
    status = _first_status(integration, verdict)
    delivery = await Delivery.create(
        id=uuid4(),
        team_id=change.team_id,
        integration_id=integration.id,
        run_id=domain_event.run.id,
        position=await _next_position(integration),
        occasion=verdict.occasion or Occasion.RUN,
        status=status,
        next_attempt_at=change.now if status is DeliveryStatus.PENDING else None,
        created_at=change.now,
    )
    await change.record(DeliveryCreated(delivery.id, integration.id, integration.name, status))


def _first_status(integration: Integration, verdict: Verdict) -> DeliveryStatus:
    if verdict.occasion is None:
        return DeliveryStatus.SKIPPED
    if integration.is_stopped:
        return DeliveryStatus.FAILED
    return DeliveryStatus.SKIPPED if integration.is_paused else DeliveryStatus.PENDING


async def _next_position(integration: Integration) -> int:
    last = await Delivery.filter(integration_id=integration.id).order_by("-position").first()
    return last.position + 1 if last is not None else 1


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
