"""Posting the team's activity in the API: what members write, and what they read."""

from uuid import UUID

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.event_types import EventType
from app.graphql.fields import relation
from app.graphql.inputs import Keep, given, given_or_cleared, key_of
from app.graphql.lists import at_most
from app.installed_apps.loaders import installed_apps
from app.installed_apps.types import InstalledApp
from app.integrations import models
from app.integrations.kinds.live_channels import channel_id_of, channel_of
from app.integrations.kinds.post_team_activity.loaders import live_channels
from app.integrations.kinds.post_team_activity.models import ActivityPost
from app.integrations.kinds.post_team_activity.settings import (
    APPS_FIELD,
    CHANNEL_FIELD,
    MOST_APPS,
    ActivityPostEdit,
    ActivityPostSettings,
)

_USUAL = (
    "the usual ones, which are what stopped, what will stop, and what came back: INSTALLED_APP_DELETED; INSTALLED_APP_WILL_STOP, "
    "INTEGRATION_WILL_STOP and the two that take them back; INSTALLED_APP_STATUS_CHANGED and INTEGRATION_STATUS_CHANGED to or "
    "from NEEDS_REAUTHENTICATION or UNAVAILABLE, and to or from FAILING by TARGET_UNAVAILABLE; and INSTALLED_APP_REAUTHENTICATED "
    "of what had stopped"
)


@strawberry.input(description="The settings of the kind “Post team activity”.")
class PostTeamActivityInput:
    channel_id: strawberry.ID = strawberry.field(description="A channel's `id`, from `channels`, or its own id at the provider.")
    types: list[EventType] | None = strawberry.field(
        default=None,
        description=f"Post every event of these types, but for ACTIVITY_DELIVERY_FAILED. Left out: {_USUAL}.",
    )
    installed_app_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description=(
            f"Post only what is about one of these 1 to {MOST_APPS} installed apps, about an integration that uses one, or about "
            "a delivery of such an integration. Left out: whatever it is about."
        ),
    )

    def settings(self) -> ActivityPostSettings:
        return ActivityPostSettings(self.channel_id, self.types, _keys(self.installed_app_ids))


@strawberry.input(description="Other settings of the kind “Post team activity”; what is left out stays as it is.")
class EditPostTeamActivityInput:
    channel_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Another channel, by its id, or its own id at the provider."
    )
    types: list[EventType] | None = strawberry.field(
        default=strawberry.UNSET, description="Other types; null: the usual ones, as with PostTeamActivityInput."
    )
    installed_app_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Other installed apps; null: whatever it is about."
    )

    def edit(self) -> ActivityPostEdit:
        apps = given_or_cleared(self.installed_app_ids)
        return ActivityPostEdit(
            channel_id=given(self.channel_id, field=CHANNEL_FIELD),
            types=given_or_cleared(self.types),
            installed_app_ids=apps if isinstance(apps, Keep) else _keys(apps),
        )


@strawberry.type(description="What an integration of the kind “Post team activity” does.")
@attributes(PUBLIC_ATTRIBUTE)
class PostTeamActivity:
    integration: strawberry.Private[models.Integration]
    post: strawberry.Private[ActivityPost]
    types: list[EventType] | None = strawberry.field(
        description=f"The types whose events are posted. Null: {_USUAL}.", metadata=at_most(len(EventType))
    )
    channel_id: strawberry.ID = strawberry.field(description="Where they are posted, as it was chosen: what channelId takes.")
    channel_name: str = strawberry.field(description="The channel's name when it was chosen, without a leading #.")

    @relation(
        description="The installed apps that it is about, without those deleted since; null: whatever it is about.",
        size=at_most(MOST_APPS),
    )
    async def installed_apps(self, info: Info) -> list[InstalledApp] | None:
        keys = self.post.installed_app_ids
        if keys is None:
            return None
        found = await info.context.load_all(installed_apps, list(keys))
        return [InstalledApp.of(row) for row in found if row is not None]

    channel = channel_of(live_channels)

    @classmethod
    def of(cls, integration: models.Integration, post: ActivityPost) -> "PostTeamActivity":
        types = post.types
        return cls(
            integration=integration,
            post=post,
            types=list(types) if types is not None else None,
            channel_id=channel_id_of(integration, post.channel_id),
            channel_name=post.channel_name,
        )


def _keys(ids: list[strawberry.ID] | None) -> list[UUID] | None:
    return [key_of(each, "InstalledApp", field=APPS_FIELD) for each in ids] if ids is not None else None
