"""The types of events in the API."""

from app.graphql.enums import register_enum
from app.log.event_types import EventType

__all__ = ["EventType"]

register_enum(
    EventType,
    name="EventType",
    description="What happened. New types may come: have a default branch.",
    members={
        EventType.INSTALLED_APP_ADDED: "The team has a new installed app.",
        EventType.INSTALLED_APP_EDITED: "An installed app was renamed or its client changed.",
        EventType.INSTALLED_APP_DELETED: "An installed app is gone; what used it has stopped.",
        EventType.INSTALLED_APP_REAUTHENTICATED: "An installed app has a fresh authorization; what uses it works again.",
        EventType.INSTALLED_APP_STATUS_CHANGED: "An installed app's status, or the reason for it, changed.",
        EventType.INSTALLED_APP_WILL_STOP: "An installed app still works, and will stop unless somebody acts.",
        EventType.INSTALLED_APP_WILL_NOT_STOP: "An INSTALLED_APP_WILL_STOP no longer holds.",
        EventType.INTEGRATION_ADDED: "The team has a new integration.",
        EventType.INTEGRATION_EDITED: "An integration's name or settings changed.",
        EventType.INTEGRATION_DELETED: "An integration is gone.",
        EventType.INTEGRATION_REAUTHENTICATED: "An integration has a working authorization again.",
        EventType.INTEGRATION_STATUS_CHANGED: "An integration's status, or the reason for it, changed.",
        EventType.INTEGRATION_WILL_STOP: "An integration still works, and will stop unless somebody acts.",
        EventType.INTEGRATION_WILL_NOT_STOP: "An INTEGRATION_WILL_STOP no longer holds.",
        EventType.INTEGRATION_TESTED: "A member had a test message posted; what became of it is told of its delivery.",
        EventType.DELIVERY_CREATED: "A run made a delivery, to be posted or kept quiet.",
        EventType.DELIVERY_SKIPPED: "A waiting delivery was dropped: its integration was paused.",
        EventType.DELIVERY_RETRYING: "An attempt failed, or a member asked for another: there will be one more.",
        EventType.DELIVERY_SUCCEEDED: "The provider has accepted it.",
        EventType.DELIVERY_FAILED: "It was given up.",
        EventType.ACTIVITY_DELIVERY_FAILED: "A message about the team's log was given up. No integration tells of that.",
        EventType.AUTHORIZATION_COMPLETED: "A sign-in at a provider succeeded.",
        EventType.AUTHORIZATION_FAILED: "A sign-in at a provider failed.",
        EventType.AUTHORIZATION_REVOKED: "A finished sign-in ended: given back unused, or ended by its member.",
        EventType.TEAM_MEMBER_ADDED: "The team has a new member.",
        EventType.TEAM_MEMBER_ROLE_CHANGED: "A member has another role.",
        EventType.TEAM_MEMBER_REMOVED: "A member left the team.",
        EventType.SIGN_IN_LINK_CREATED: "An admin made a link that signs a browser in as the member.",
        EventType.ACCESS_TOKEN_CREATED: "A member made an access token.",
        EventType.ACCESS_TOKEN_REVOKED: "An access token ended before its time.",
        EventType.REFUSED: (
            "A member, the subject, was refused something by role, ownership or scope, and nothing was changed. Told the first "
            "time at once, and from then on at most once a minute for each member and field, with how often since."
        ),
    },
)
