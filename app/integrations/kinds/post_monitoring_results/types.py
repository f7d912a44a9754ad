"""Posting monitoring results in the API: what members write, and what they read."""

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.enums import register_enum
from app.graphql.inputs import given
from app.graphql.relations import reference
from app.integrations import models
from app.integrations.kinds.live_channels import channel_id_of, channel_of
from app.integrations.kinds.post_monitoring_results.loaders import live_channels
from app.integrations.kinds.post_monitoring_results.models import FollowUps, MonitoringPost, NotifyRule
from app.integrations.kinds.post_monitoring_results.settings import (
    CHANNEL_FIELD,
    FOLLOW_UPS_FIELD,
    MONITOR_FIELD,
    POST_FIELD,
    MonitoringPostEdit,
    MonitoringPostSettings,
)
from app.monitors.loaders import monitors
from app.monitors.schema import Monitor

register_enum(
    NotifyRule,
    name="NotifyRule",
    description="Which runs of a monitor are posted.",
    members={
        NotifyRule.ALL_RUNS: "Every run.",
        NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS: (
            "One message at the third failure in a row, then silence until the first success, which is an answer in its thread. "
            "With `followUps` IN_THREAD there is no silence: further failures are answers too."
        ),
    },
)
register_enum(
    FollowUps,
    name="FollowUps",
    description="What is told of failures between the first that is posted and the success that ends them.",
    members={
        FollowUps.SILENT: "Nothing; with the rule ALL_RUNS, which is never silent, each run is a message of its own.",
        FollowUps.IN_THREAD: (
            "Each is an answer in the thread of the first one, so that one outage is one thread; with the rule ALL_RUNS also the "
            "success that ends them. For providers that have threads."
        ),
    },
)


@strawberry.input(description="The settings of the kind “Post monitoring results”.")
class PostMonitoringResultsInput:
    monitor_key: str = strawberry.field(
        description="Your own name for the monitor, 1 to 200 characters; the monitor is made when there is none of it yet."
    )
    channel_id: strawberry.ID = strawberry.field(description="A channel's `id`, from `channels`, or its own id at the provider.")
    notify: NotifyRule = strawberry.field(default=NotifyRule.ALL_RUNS, description="Which runs are posted.")
    follow_ups: FollowUps = strawberry.field(default=FollowUps.SILENT, description="What is told of the failures in between.")
    recovery_in_channel: bool = strawberry.field(
        default=True, description="Whether the success that ends an outage, an answer in its thread, is shown in the channel too."
    )

    mention: str | None = strawberry.field(
        default=None,
        description=(
            "Whom the first message that is told of failures in a row calls: `here`, `channel`, or a user group's own id at the "
            "provider. Left out: nobody. No other message calls anybody, and no name or text of a run does."
        ),
    )

    def settings(self) -> MonitoringPostSettings:
        return MonitoringPostSettings(
            self.monitor_key,
            self.channel_id,
            self.notify,
            self.follow_ups,
            recovery_in_channel=self.recovery_in_channel,
            mention=self.mention or None,
        )


@strawberry.input(description="Other settings of the kind “Post monitoring results”; what is left out stays as it is.")
class EditPostMonitoringResultsInput:
    monitor_key: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another monitor, by its key; the notify rule's count starts over."
    )
    channel_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Another channel, by its id, or its own id at the provider."
    )
    notify: NotifyRule | None = strawberry.field(default=strawberry.UNSET, description="Another rule; its count starts over.")
    follow_ups: FollowUps | None = strawberry.field(
        default=strawberry.UNSET, description="What is told of the failures in between; the notify rule's count goes on."
    )
    recovery_in_channel: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether the success that ends an outage is shown in the channel too."
    )
    mention: str | None = strawberry.field(
        default=strawberry.UNSET, description="Whom the first message of failures in a row calls; null: nobody any more."
    )

    def edit(self) -> MonitoringPostEdit:
        return MonitoringPostEdit(
            monitor_key=given(self.monitor_key, field=MONITOR_FIELD),
            channel_id=given(self.channel_id, field=CHANNEL_FIELD),
            notify=given(self.notify, field=(*POST_FIELD, "notify")),
            follow_ups=given(self.follow_ups, field=FOLLOW_UPS_FIELD),
            recovery_in_channel=given(self.recovery_in_channel, field=(*POST_FIELD, "recoveryInChannel")),
            mention=None if self.mention is strawberry.UNSET else self.mention or "",
        )


@strawberry.type(description="What an integration of the kind “Post monitoring results” does.")
@attributes(PUBLIC_ATTRIBUTE)
class PostMonitoringResults:
    integration: strawberry.Private[models.Integration]
    post: strawberry.Private[MonitoringPost]
    notify: NotifyRule = strawberry.field(description="Which runs are posted.")
    follow_ups: FollowUps = strawberry.field(
        description="What is told of the failures between the first message and the success."
    )
    recovery_in_channel: bool = strawberry.field(
        description="Whether the success that ends an outage, an answer in its thread, is shown in the channel too."
    )
    mention: str | None = strawberry.field(
        description="Whom the first message that is told of failures in a row calls; null: nobody."
    )
    mention_name: str | None = strawberry.field(description="The same for people.")
    channel_id: strawberry.ID = strawberry.field(description="Where they are posted, as it was chosen: what channelId takes.")
    channel_name: str = strawberry.field(description="The channel's name when it was chosen, without a leading #.")

    monitor: Monitor = reference(
        monitors,
        Monitor.of,
        by="post.monitor_id",
        missing=lambda: LookupError("An integration's monitor is in its own team."),
        description="Whose runs are posted.",
    )

    channel = channel_of(live_channels)

    @classmethod
    def of(cls, integration: models.Integration, post: MonitoringPost) -> "PostMonitoringResults":
        return cls(
            integration=integration,
            post=post,
            notify=post.notify,
            follow_ups=post.follow_ups,
            recovery_in_channel=post.recovery_in_channel,
            mention=post.mention,
            mention_name=post.mention_name,
            channel_id=channel_id_of(integration, post.channel_id),
            channel_name=post.channel_name,
        )
