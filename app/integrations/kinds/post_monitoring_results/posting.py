"""What runs make of it: which of them are posted, to which channel, and how fast."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from tortoise.queryset import QuerySet

from app.integrations.kinds.contract import Heard, Target
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost
from app.integrations.kinds.post_monitoring_results.notify_rule import judge
from app.integrations.models import Integration
from app.log.events import Change
from app.monitors.models import Monitor, MonitorRun
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, Fault, Posted, RunReport
from app.services import Services
from app.storage.written import Written


async def listeners(monitor: Monitor) -> Sequence[Integration]:
    return [post.integration for post in await _POSTS_OF.ask(monitor.id)]


async def hear(change: Change, run: MonitorRun) -> Sequence[Heard]:
    """Let each notify rule count the run."""
    del change
    heard = []
    for post in await _POSTS_OF.ask(run.monitor_id):
        verdict = judge(post.notify, failures_in_a_row=post.failures_in_a_row, outcome=run.outcome)
        if post.failures_in_a_row != verdict.failures_in_a_row:
            post.failures_in_a_row = verdict.failures_in_a_row
            await post.save(update_fields=["failures_in_a_row"])
        heard.append(Heard(post.integration, verdict.occasion))
    return heard


async def targets_of(integrations: Sequence[Integration]) -> Mapping[UUID, Target]:
    """Return their channels."""
    posts = await MonitoringPost.filter(integration_id__in=[integration.id for integration in integrations])
    channels = {post.integration_id: post.channel_id for post in posts}
    return {integration.id: _target(integration, channels[integration.id]) for integration in integrations}


async def deliver(
    report: RunReport, *, run_id: UUID, integration: Integration, target: Target, authorized: Authorized, services: Services
) -> Posted | Failure:
    """Post it to the channel."""
    del run_id  # all that is posted is in the report
    provider = CATALOGUE[integration.provider]
    if provider.messaging is None:
        return Failure(Fault.REFUSED, f"{provider.name} has no channels to post to.")
    return await provider.messaging.post_report(
        authorized=authorized, channel_id=target.id, report=report, now=services.clock.now(), outbound=services.outbound
    )


def _posts_of(monitor_id: UUID) -> QuerySet[MonitoringPost]:
    posts = MonitoringPost.filter(monitor_id=monitor_id, integration__deleted_at__isnull=True)
    return posts.select_related("integration").order_by("integration__created_at", "integration_id")


_POSTS_OF = Written(_posts_of)


def _target(integration: Integration, channel_id: str) -> Target:
    messaging = CATALOGUE[integration.provider].messaging
    pace = messaging.pace if messaging is not None else timedelta()
    return Target(channel_id, f"{integration.origin}:{integration.account_id}:{channel_id}", pace)
