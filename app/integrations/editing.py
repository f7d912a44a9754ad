"""Editing an integration: everything in one save, a fresh sign-in included."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.errors import Refusal, UserErrorCode
from app.events import Change
from app.graphql.callers import Caller
from app.ground import Ground
from app.installed_apps.revisions import check_unchanged, touch
from app.integrations.actions import check_editable, find, find_editable, grant_of
from app.integrations.adding import CHANNEL_FIELD, MONITOR_FIELD, Placed
from app.integrations.events import IntegrationEdited
from app.integrations.models import Integration, MonitoringPost, NotifyRule
from app.integrations.reauthenticating import renew, tell_renewed
from app.integrations.sources import Using, rehearse
from app.integrations.targets import look_up, read_channel
from app.integrations.telling import standing_of, tell_status
from app.monitors.actions import find_or_make
from app.monitors.reported import check_name as check_key
from app.providers.contract import Channel
from app.sign_ins.channels import ChannelRef
from app.sign_ins.models import Grant
from app.teams.names import check_name


@dataclass(frozen=True)
class Edit:
    """What is to be another; None stays as it is. `channel_id` is the channel's global id."""

    name: str | None = None
    using: Using | None = None
    monitor_key: str | None = None
    channel_id: str | None = None
    notify: NotifyRule | None = None


async def edit(
    integration_id: UUID, wanted: Edit, *, expected_updated_at: datetime | None, caller: Caller, ground: Ground
) -> Placed:
    """Make the integration as wanted, in every status, or change nothing.

    Raises NOT_FOUND, FORBIDDEN unless the caller made it or is an admin, CONFLICT when it was edited since `expected_updated_at`,
    WRONG_ACCOUNT for `using` of another workspace without a channel there, and what `adding.add` refuses.
    """
    checked = _check(wanted)
    found = await find(caller.team_id, integration_id)
    check_editable(caller, found)
    check_unchanged(found, expected_updated_at)
    channel = await _look_up_channel(found, checked, caller=caller, ground=ground)

    async def apply(change: Change) -> Placed:
        integration = await find_editable(change, integration_id, caller=caller)
        check_unchanged(integration, expected_updated_at)
        _check_place(integration, checked)
        return await _apply(change, integration, checked, channel=channel, caller=caller)

    return await ground.events.change(caller.team_id, apply, actor_id=caller.member_id)


@dataclass(frozen=True)
class _Checked:
    name: str | None
    using: Using | None
    monitor_key: str | None
    channel: ChannelRef | None
    notify: NotifyRule | None


def _check(wanted: Edit) -> _Checked:
    if wanted.monitor_key is not None:
        check_key(wanted.monitor_key, field=MONITOR_FIELD)
    return _Checked(
        name=check_name(wanted.name) if wanted.name is not None else None,
        using=wanted.using,
        monitor_key=wanted.monitor_key,
        channel=read_channel(wanted.channel_id, field=CHANNEL_FIELD) if wanted.channel_id is not None else None,
        notify=wanted.notify,
    )


async def _look_up_channel(integration: Integration, checked: _Checked, *, caller: Caller, ground: Ground) -> Channel | None:
    if checked.channel is None:
        return None
    if checked.using is not None:
        grant = await rehearse(checked.using, caller=caller, ground=ground)
    else:
        _check_place(integration, checked)
        grant = await _present_grant(integration)
    return await look_up(checked.channel, grant=grant, ground=ground, field=CHANNEL_FIELD)


async def _present_grant(integration: Integration) -> Grant:
    grant_id = await grant_of(integration)
    if integration.is_stopped or grant_id is None:
        raise Refusal(
            UserErrorCode.CONFLICT,
            f"“{integration.name}” has no authorization that works, so its channel cannot be looked up: "
            "re-authenticate it first, or in the same edit with `using`.",
            field=CHANNEL_FIELD,
        )
    return await Grant.get(id=grant_id)


def _check_place(integration: Integration, checked: _Checked) -> None:
    """The channel has to be where the integration is, unless the edit moves it elsewhere."""
    if checked.channel is None or checked.using is not None:
        return
    if (checked.channel.provider, checked.channel.account_id) != (integration.provider, integration.account_id):
        raise Refusal(
            UserErrorCode.INVALID,
            f"This channel is not one of {integration.connected_to}'s: choose another, or move the integration with `using`.",
            field=CHANNEL_FIELD,
        )


async def _apply(
    change: Change, integration: Integration, checked: _Checked, *, channel: Channel | None, caller: Caller
) -> Placed:
    before, new_app = standing_of(integration), None
    if checked.using is not None:
        place = checked.channel.account_id if checked.channel is not None else integration.account_id
        new_app = await renew(change, integration, checked.using, member_id=caller.member_id, wanted_account_id=place)
    is_edited = _rename(integration, checked.name)
    is_edited |= await _set_post(change, integration, checked, channel=channel)
    if channel is not None:
        integration.succeed(now=change.now)
    if is_edited or checked.using is not None or standing_of(integration) != before:
        touch(integration, change.now)
        await integration.save()
    if is_edited:
        await change.record(IntegrationEdited(integration.id, integration.name))
    if checked.using is not None:
        await tell_renewed(change, integration)
    await tell_status(change, integration, before=before)
    return Placed(integration, new_app)


def _rename(integration: Integration, name: str | None) -> bool:
    if name is None or name == integration.name:
        return False
    integration.name = name
    return True


async def _set_post(change: Change, integration: Integration, checked: _Checked, *, channel: Channel | None) -> bool:
    post = await MonitoringPost.get(integration_id=integration.id)
    monitor_id, notify = post.monitor_id, post.notify
    if checked.monitor_key is not None:
        monitor_id = (await find_or_make(change, key=checked.monitor_key, field=MONITOR_FIELD)).id
    if checked.notify is not None:
        notify = checked.notify
    columns: dict[str, Any] = {"monitor_id": monitor_id, "notify": notify}
    if (monitor_id, notify) != (post.monitor_id, post.notify):
        # Another rule, or another monitor's runs, are not the ones that were counted.
        columns |= {"failures_in_a_row": 0}
    if channel is not None:
        columns |= {"channel_id": channel.id, "channel_name": channel.name, "channel_is_private": channel.is_private}
    changed = {name: value for name, value in columns.items() if getattr(post, name) != value}
    if not changed:
        return False
    await MonitoringPost.filter(id=post.id).update(**changed)
    return True
