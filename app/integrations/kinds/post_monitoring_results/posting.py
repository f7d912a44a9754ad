"""What runs make of it: which of them are posted, to which channel, and how fast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.integrations.kinds.channels import target_at
from app.integrations.kinds.contract import Heard, Listener, Target
from app.integrations.kinds.post_monitoring_results.models import FollowUps, MonitoringPost
from app.integrations.kinds.post_monitoring_results.notify_rule import ThreadPart, judge
from app.integrations.models import Integration
from app.log.events import Change
from app.monitors.models import Monitor, MonitorRun, RunOutcome
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, Fault, Posted, RunReport
from app.providers.messaging import Thread
from app.services import Services


async def monitor_of(integration: Integration) -> Monitor:
    return (await MonitoringPost.get(integration_id=integration.id).select_related("monitor")).monitor


@dataclass(frozen=True)
class ChannelTarget(Target):
    """A channel, and how the integration wants to be heard there."""

    follow_ups: FollowUps
    recovery_in_channel: bool
    mention: str | None


async def hear(change: Change, run: MonitorRun, listener: Listener[MonitoringPost]) -> Heard:
    """Let the notify rule count the run, and its outage have a thread."""
    post = listener.settings
    before = (post.failures_in_a_row, post.outage_id)
    verdict = judge(post.notify, post.follow_ups, failures_in_a_row=post.failures_in_a_row, outcome=run.outcome)
    heard = Heard(listener.integration, verdict.occasion)
    if verdict.thread is ThreadPart.BEGINNING or (verdict.thread is ThreadPart.CONTINUATION and post.outage_id is None):
        post.outage_id = heard.delivery_id
    belongs_to = post.outage_id if verdict.thread is not ThreadPart.NONE else None
    post.failures_in_a_row = verdict.failures_in_a_row
    if not post.failures_in_a_row:
        post.outage_id = None
    if (post.failures_in_a_row, post.outage_id) != before:
        change.save(post, ("failures_in_a_row", "outage_id"))
    return replace(heard, outage_id=belongs_to)


async def targets_of(integrations: Sequence[Integration]) -> Mapping[UUID, Target]:
    """Return their channels."""
    posts = await MonitoringPost.filter(integration_id__in=[integration.id for integration in integrations])
    by_integration = {post.integration_id: post for post in posts}
    return {integration.id: _target(integration, by_integration[integration.id]) for integration in integrations}


def target_of(listener: Listener[MonitoringPost]) -> Target:
    return _target(listener.integration, listener.settings)


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
    """Post it to the channel, in the thread of its outage; what ends an outage also where all see it, unless told otherwise.

    What begins one calls whom the integration is to call.
    """
    del run_id  # all that is posted is in the report
    provider = CATALOGUE[integration.provider]
    if provider.messaging is None or not isinstance(target, ChannelTarget):
        return Failure(Fault.REFUSED, f"{provider.name} has no channels to post to.")
    is_over = report.outcome == RunOutcome.PASSED
    return await provider.messaging.post_report(
        authorized=authorized,
        channel_id=target.id,
        report=replace(report, follow_ups_in_thread=target.follow_ups is FollowUps.IN_THREAD),
        now=services.clock.now(),
        outbound=services.outbound,
        thread=Thread(thread_id, in_channel_too=is_over and target.recovery_in_channel) if thread_id is not None else None,
        mention=target.mention if report.begins_outage else None,
    )


def _target(integration: Integration, post: MonitoringPost) -> Target:
    at = target_at(integration, post.channel_id)
    return ChannelTarget(at.id, at.address, at.pace, post.follow_ups, post.recovery_in_channel, post.mention)
