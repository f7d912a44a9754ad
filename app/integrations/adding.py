"""Adding an integration: everything in one change, once the provider has said that its channel is there."""

from dataclasses import dataclass
from uuid import uuid4

from app.catalogue.kinds import POST_MONITORING_RESULTS, Kind
from app.errors import Refusal, UserErrorCode
from app.events import Change
from app.graphql.callers import Caller
from app.ground import Ground
from app.installed_apps.models import InstalledApp
from app.installed_apps.permissions import look_again
from app.integrations.events import IntegrationAdded
from app.integrations.models import Integration, IntegrationStatus, MonitoringPost, NotifyRule
from app.integrations.sources import Using, rehearse, take
from app.integrations.targets import look_up, read_channel
from app.monitors.actions import find_or_make
from app.monitors.reported import check_name as check_key
from app.providers.catalogue import CATALOGUE
from app.teams.names import check_name

SETTINGS_FIELD = ("settings", "postMonitoringResults")
MONITOR_FIELD = (*SETTINGS_FIELD, "monitorKey")
CHANNEL_FIELD = (*SETTINGS_FIELD, "channelId")


@dataclass(frozen=True)
class MonitoringPostSettings:
    """`channel_id` is the channel's global id; `monitor_key` the caller's own name for the monitor."""

    monitor_key: str
    channel_id: str
    notify: NotifyRule


@dataclass(frozen=True)
class Placed:
    """An integration, and the installed app that the same call made, if it did."""

    integration: Integration
    new_app: InstalledApp | None


async def add(name: str, *, using: Using, settings: MonitoringPostSettings, caller: Caller, ground: Ground) -> Placed:
    """Add an integration of the kind "Post monitoring results". The monitor is made where its key is new.

    Raises INVALID, NOT_FOUND, CONFLICT for an installed app that does not work, ALREADY_EXISTS for sharing what the team shares
    already, AUTHORIZATION_*, and what the provider refuses. A sign-in is used up only when all of it succeeds.
    """
    checked = check_name(name)
    check_key(settings.monitor_key, field=MONITOR_FIELD)
    named = read_channel(settings.channel_id, field=CHANNEL_FIELD)
    grant = await rehearse(using, caller=caller, ground=ground)
    check_offered(POST_MONITORING_RESULTS, provider=grant.provider)
    channel = await look_up(named, grant=grant, ground=ground, field=CHANNEL_FIELD)

    async def apply(change: Change) -> Placed:
        await look_again(change, caller)
        source = await take(change, using, member_id=caller.member_id, wanted_account_id=named.account_id)
        integration = Integration(
            id=uuid4(),
            team_id=change.team_id,
            kind=POST_MONITORING_RESULTS.key,
            name=checked,
            status=IntegrationStatus.ACTIVE,
            status_changed_at=change.now,
            created_by_id=caller.member_id,
            created_at=change.now,
            updated_at=change.now,
        )
        source.give_to(integration)
        await integration.save(force_create=True)
        monitor = await find_or_make(change, key=settings.monitor_key, field=MONITOR_FIELD)
        await MonitoringPost.create(
            id=uuid4(),
            integration_id=integration.id,
            monitor_id=monitor.id,
            channel_id=channel.id,
            channel_name=channel.name,
            channel_is_private=channel.is_private,
            notify=settings.notify,
        )
        await change.record(IntegrationAdded(integration.id, integration.name, integration.connected_to))
        return Placed(integration, source.new_app)

    return await ground.events.change(caller.team_id, apply, actor_id=caller.member_id)


def check_offered(kind: Kind, *, provider: str) -> None:
    """Raise INVALID unless the provider has integrations of this kind."""
    if kind.key not in CATALOGUE[provider].kinds:
        raise Refusal(
            UserErrorCode.INVALID,
            f"{CATALOGUE[provider].name} has no integrations of the kind “{kind.name}”.",
            field=["settings"],
        )
