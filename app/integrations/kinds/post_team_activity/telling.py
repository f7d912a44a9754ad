"""Posting it: to which channel, and how fast."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.integrations.kinds.channels import target_at
from app.integrations.kinds.contract import Target
from app.integrations.kinds.post_team_activity.models import ActivityPost
from app.integrations.models import Integration
from app.providers.activity import ActivityReport
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, Fault, Posted
from app.services import Services


async def targets_of(integrations: Sequence[Integration]) -> Mapping[UUID, Target]:
    """Return their channels."""
    posts = await ActivityPost.filter(integration_id__in=[integration.id for integration in integrations])
    channels = {post.integration_id: post.channel_id for post in posts}
    return {integration.id: target_at(integration, channels[integration.id]) for integration in integrations}


async def tell(
    report: ActivityReport, *, integration: Integration, target: Target, authorized: Authorized, services: Services
) -> Posted | Failure:
    """Post it to the channel."""
    provider = CATALOGUE[integration.provider]
    if provider.messaging is None:
        return Failure(Fault.REFUSED, f"{provider.name} has no channels to post to.")
    return await provider.messaging.post_activity(
        authorized=authorized, channel_id=target.id, report=report, now=services.clock.now(), outbound=services.outbound
    )
