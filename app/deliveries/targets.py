"""Where integrations hand deliveries over to, and how fast: each kind knows it of its own."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.integrations.kinds.contract import Target
from app.integrations.kinds.table import ALL, kind_of
from app.integrations.models import Integration
from app.providers.activity import ActivityReport
from app.providers.contract import Authorized, Failure, Posted, RunReport
from app.services import Services


async def targets_of(integrations: Sequence[Integration]) -> Mapping[UUID, Target]:
    """Return the targets by the integrations' ids; none for a kind that makes no deliveries."""
    targets: dict[UUID, Target] = {}
    for kind in ALL:
        of_kind = [each for each in integrations if kind_of(each) is kind]
        if kind.messages is not None and of_kind:
            targets |= await kind.messages.targets_of(of_kind)
    return targets


async def target_of(integration: Integration) -> Target | None:
    return (await targets_of([integration])).get(integration.id)


async def deliver(
    report: RunReport,
    *,
    run_id: UUID,
    integration: Integration,
    target: Target,
    thread_id: str | None,
    authorized: Authorized,
    services: Services,
) -> Posted | Failure:
    """Hand the report over, once, as the integration's kind does."""
    deliveries = kind_of(integration).deliveries
    if deliveries is None:
        raise LookupError("What makes no deliveries has no target either.")
    return await deliveries.deliver(
        report,
        run_id=run_id,
        integration=integration,
        target=target,
        thread_id=thread_id,
        authorized=authorized,
        services=services,
    )


async def tell(
    report: ActivityReport, *, integration: Integration, target: Target, authorized: Authorized, services: Services
) -> Posted | Failure:
    """Tell of the team's log, once, as the integration's kind does."""
    activity = kind_of(integration).activity
    if activity is None:
        raise LookupError("What does not tell of the log has no such deliveries.")
    return await activity.tell(report, integration=integration, target=target, authorized=authorized, services=services)
