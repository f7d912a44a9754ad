"""Settings of the kind "Post monitoring results": a monitor, a channel and a rule."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar
from uuid import uuid4

from app.access.callers import Caller
from app.errors import Refusal, UserErrorCode
from app.integrations.kinds import channels
from app.integrations.kinds.contract import Ready, ReadyEdit
from app.integrations.kinds.post_monitoring_results.models import FollowUps, MonitoringPost, NotifyRule
from app.integrations.models import Integration
from app.integrations.sources import Using
from app.log.events import Change
from app.log.quotas import INTEGRATIONS_OF_MONITOR, require_room
from app.monitors.actions import find_or_make
from app.monitors.models import Monitor
from app.monitors.reported import check_name as check_key
from app.outbound.budget import Budget
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Channel
from app.services import Services
from app.sign_ins.models import Grant

KEY = "post-monitoring-results"

POST_FIELD = ("settings", "postMonitoringResults")
MONITOR_FIELD = (*POST_FIELD, "monitorKey")
CHANNEL_FIELD = (*POST_FIELD, "channelId")
FOLLOW_UPS_FIELD = (*POST_FIELD, "followUps")
MENTION_FIELD = (*POST_FIELD, "mention")


@dataclass(frozen=True)
class MonitoringPostSettings:
    """`channel_id` is the channel's global id; `monitor_key` the caller's own name for the monitor, made where it is new."""

    kind: ClassVar[str] = KEY

    monitor_key: str
    channel_id: str
    notify: NotifyRule
    follow_ups: FollowUps = FollowUps.SILENT
    recovery_in_channel: bool = True
    mention: str | None = None


@dataclass(frozen=True)
class MonitoringPostEdit:
    """An edit; None leaves a value as it is. `channel_id`: its global id or the provider's own. An empty `mention`: nobody."""

    kind: ClassVar[str] = KEY

    monitor_key: str | None = None
    channel_id: str | None = None
    notify: NotifyRule | None = None
    follow_ups: FollowUps | None = None
    recovery_in_channel: bool | None = None
    mention: str | None = None


async def prepare(settings: MonitoringPostSettings, *, grant: Grant, services: Services, budget: Budget) -> Ready:
    """Look the channel up with `grant`.

    Raises INVALID, NOT_FOUND, what the provider refuses, and CONFLICT for a monitor too many, or one that too many post already.
    """
    del budget  # one call for the channel
    check_key(settings.monitor_key, field=MONITOR_FIELD)
    _check_threads(grant.provider, settings.follow_ups)
    mention_name = _name_mention(grant.provider, settings.mention)
    channel = await channels.look_up(settings.channel_id, grant=grant, services=services, field=CHANNEL_FIELD)

    async def save(change: Change, integration: Integration) -> None:
        monitor = await find_or_make(change, key=settings.monitor_key, field=MONITOR_FIELD)
        await _require_room(change, monitor)
        await MonitoringPost.create(
            id=uuid4(),
            integration_id=integration.id,
            monitor_id=monitor.id,
            **channels.columns_of(channel),
            notify=settings.notify,
            follow_ups=settings.follow_ups,
            recovery_in_channel=settings.recovery_in_channel,
            mention=settings.mention,
            mention_name=mention_name,
        )

    return Ready(grant.account_id, save)


async def prepare_edit(
    found: Integration,
    edit: MonitoringPostEdit | None,
    *,
    using: Using | None,
    caller: Caller,
    services: Services,
    budget: Budget,
) -> ReadyEdit:
    """Look another channel up, with what the integration is to use. Raises as `prepare`, CONFLICT when that does not work."""
    del budget  # as above
    edited = edit or MonitoringPostEdit()
    if edited.monitor_key is not None:
        check_key(edited.monitor_key, field=MONITOR_FIELD)
    _check_threads(found.provider, edited.follow_ups)
    _name_mention(found.provider, edited.mention)
    save = partial(_save_edit, edited)
    return await channels.prepare_edit(
        found, edited.channel_id, using=using, caller=caller, services=services, field=CHANNEL_FIELD, save=save
    )


def _check_threads(provider: str, follow_ups: FollowUps | None) -> None:
    """Raise INVALID for a provider whose messages cannot answer one another: follow-ups would fill the channel."""
    messaging = CATALOGUE[provider].messaging
    if follow_ups is FollowUps.IN_THREAD and (messaging is None or not messaging.has_threads):
        raise Refusal(
            UserErrorCode.INVALID,
            f"{CATALOGUE[provider].name} has no threads: leave `followUps` SILENT.",
            field=FOLLOW_UPS_FIELD,
        )


def _name_mention(provider: str, word: str | None) -> str | None:
    """Return what people call those whom the word is for; None for none. Raises INVALID for what is no such word."""
    if not word:
        return None
    messaging = CATALOGUE[provider].messaging
    name = messaging.name_mention(word) if messaging is not None and messaging.name_mention is not None else None
    if name is None:
        raise Refusal(
            UserErrorCode.INVALID,
            f"Nobody is called by this at {CATALOGUE[provider].name}: it takes here, channel, or a user group's own id.",
            field=MENTION_FIELD,
        )
    return name


async def _save_edit(edit: MonitoringPostEdit, change: Change, integration: Integration, channel: Channel | None) -> bool:
    post = await MonitoringPost.get(integration_id=integration.id)
    monitor_id, notify = post.monitor_id, edit.notify if edit.notify is not None else post.notify
    if edit.monitor_key is not None:
        monitor = await find_or_make(change, key=edit.monitor_key, field=MONITOR_FIELD)
        if monitor.id != monitor_id:
            await _require_room(change, monitor)
        monitor_id = monitor.id
    columns = {"monitor_id": monitor_id, "notify": notify, **_columns(edit, channel, provider=integration.provider)}
    if (monitor_id, notify) != (post.monitor_id, post.notify):
        # Another rule, or another monitor's runs, are not the ones that were counted.
        columns |= {"failures_in_a_row": 0, "outage_id": None}
    changed = {name: value for name, value in columns.items() if getattr(post, name) != value}
    if not changed:
        return False
    await MonitoringPost.filter(id=post.id).update(**changed)
    return True


def _columns(edit: MonitoringPostEdit, channel: Channel | None, *, provider: str) -> dict[str, Any]:
    """Return what the edit says, and the count does not depend on."""
    ways: dict[str, Any] = {"follow_ups": edit.follow_ups, "recovery_in_channel": edit.recovery_in_channel}
    chosen = {name: value for name, value in ways.items() if value is not None}
    if edit.mention is not None:
        chosen |= {"mention": edit.mention or None, "mention_name": _name_mention(provider, edit.mention)}
    if channel is None:
        return chosen
    return chosen | channels.columns_of(channel)


async def _require_room(change: Change, monitor: Monitor) -> None:
    posts = MonitoringPost.filter(monitor_id=monitor.id, integration__deleted_at__isnull=True)
    await require_room(INTEGRATIONS_OF_MONITOR, posts, quotas=change.quotas, field=MONITOR_FIELD)
