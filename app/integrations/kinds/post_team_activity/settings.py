"""Settings of the kind "Post team activity": a channel, and which events are posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar
from uuid import UUID, uuid4

from app.access.callers import Caller
from app.errors import Refusal, UserErrorCode
from app.graphql.inputs import Keep
from app.installed_apps.permissions import find_app
from app.integrations.kinds import channels
from app.integrations.kinds.contract import NEVER_TOLD, Ready, ReadyEdit
from app.integrations.kinds.post_team_activity.hearing import of_team
from app.integrations.kinds.post_team_activity.models import KEY, ActivityPost, write_apps, write_types
from app.integrations.models import Integration
from app.integrations.sources import Using
from app.log.event_types import EventType
from app.log.events import Change
from app.log.hearing import begin_to_hear
from app.log.quotas import ACTIVITY_INTEGRATIONS, require_room
from app.outbound.budget import Budget
from app.providers.contract import Channel
from app.services import Services
from app.sign_ins.models import Grant

MOST_APPS = 20

ACTIVITY_FIELD = ("settings", "postTeamActivity")
CHANNEL_FIELD = (*ACTIVITY_FIELD, "channelId")
TYPES_FIELD = (*ACTIVITY_FIELD, "types")
APPS_FIELD = (*ACTIVITY_FIELD, "installedAppIds")


@dataclass(frozen=True)
class ActivityPostSettings:
    """`channel_id` is the channel's global id or the provider's own; None: the usual types, all installed apps."""

    kind: ClassVar[str] = KEY

    channel_id: str
    types: Sequence[EventType] | None = None
    installed_app_ids: Sequence[UUID] | None = None


@dataclass(frozen=True)
class ActivityPostEdit:
    """An edit. None leaves the channel as it is, KEEP the choice; None is the usual types, or all installed apps."""

    kind: ClassVar[str] = KEY

    channel_id: str | None = None
    types: Sequence[EventType] | Keep | None = Keep.KEEP
    installed_app_ids: Sequence[UUID] | Keep | None = Keep.KEEP


async def prepare(settings: ActivityPostSettings, *, grant: Grant, services: Services, budget: Budget) -> Ready:
    """Look the channel up with `grant`.

    Raises INVALID, NOT_FOUND for a channel or an installed app that is not there, what the provider refuses, and CONFLICT for one
    integration of the kind too many.
    """
    del budget  # one call for the channel
    types = _check_types(settings.types)
    channel = await channels.look_up(settings.channel_id, grant=grant, services=services, field=CHANNEL_FIELD)

    async def save(change: Change, integration: Integration) -> None:
        await require_room(ACTIVITY_INTEGRATIONS, of_team(change.team_id), quotas=change.quotas, field=ACTIVITY_FIELD)
        apps = await _check_apps(change, settings.installed_app_ids)
        await begin_to_hear(change)
        await ActivityPost.create(
            id=uuid4(),
            integration_id=integration.id,
            **channels.columns_of(channel),
            type_names=write_types(types),
            app_keys=write_apps(apps),
        )

    return Ready(grant.account_id, save)


async def prepare_edit(
    found: Integration,
    edit: ActivityPostEdit | None,
    *,
    using: Using | None,
    caller: Caller,
    services: Services,
    budget: Budget,
) -> ReadyEdit:
    """Look another channel up, with what the integration is to use. Raises as `prepare`, CONFLICT when that does not work."""
    del budget  # as above
    edited = edit or ActivityPostEdit()
    if not isinstance(edited.types, Keep):
        _check_types(edited.types)
    save = partial(_save_edit, edited)
    return await channels.prepare_edit(
        found, edited.channel_id, using=using, caller=caller, services=services, field=CHANNEL_FIELD, save=save
    )


async def _save_edit(edit: ActivityPostEdit, change: Change, integration: Integration, channel: Channel | None) -> bool:
    post = await ActivityPost.get(integration_id=integration.id)
    columns: dict[str, Any] = {}
    if not isinstance(edit.types, Keep):
        columns |= {"type_names": write_types(_check_types(edit.types))}
    if not isinstance(edit.installed_app_ids, Keep):
        columns |= {"app_keys": write_apps(await _check_apps(change, edit.installed_app_ids))}
    if channel is not None:
        columns |= channels.columns_of(channel)
    changed = {name: value for name, value in columns.items() if getattr(post, name) != value}
    if not changed:
        return False
    await ActivityPost.filter(id=post.id).update(**changed)
    return True


def _check_types(types: Sequence[EventType] | None) -> Sequence[EventType] | None:
    """Return each once, in the order of the enum. Raises INVALID for none, and for what is never told."""
    if types is None:
        return None
    if not types:
        raise Refusal(UserErrorCode.INVALID, "Name at least one type, or leave them out for the usual ones.", field=TYPES_FIELD)
    if NEVER_TOLD & set(types):
        raise Refusal(
            UserErrorCode.INVALID,
            f"{EventType.ACTIVITY_DELIVERY_FAILED} is about such messages themselves, and cannot be told by one: leave it out.",
            field=TYPES_FIELD,
        )
    return [each for each in EventType if each in set(types)]


async def _check_apps(change: Change, ids: Sequence[UUID] | None) -> Sequence[UUID] | None:
    """Return each once. Raises INVALID for none and for too many, NOT_FOUND for one that the team does not have."""
    if ids is None:
        return None
    once = list(dict.fromkeys(ids))
    if not 1 <= len(once) <= MOST_APPS:
        message = f"Name 1 to {MOST_APPS} installed apps, or leave them out for all."
        raise Refusal(UserErrorCode.INVALID, message, field=APPS_FIELD)
    for key in once:
        await find_app(change.team_id, key, field=APPS_FIELD)
    return once
