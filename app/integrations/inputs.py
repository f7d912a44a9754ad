"""What members write into the inputs of mutations about integrations, and what of it the actions are told."""

import strawberry

from app.errors import Refusal, UserErrorCode
from app.installed_apps.inputs import chosen, given, key_of
from app.integrations.adding import SETTINGS_FIELD, MonitoringPostSettings
from app.integrations.editing import Edit
from app.integrations.models import NotifyRule
from app.integrations.sources import INSTALLED_APP_FIELD, SIGN_IN_FIELD, BySignIn, ThroughApp, Using
from app.providers.catalogue import CATALOGUE


@strawberry.input(description="A finished sign-in of the caller's.")
class NewAuthorizationInput:
    authorization_id: strawberry.ID = strawberry.field(description="The sign-in's id, once it is COMPLETED.")
    share_with_team: bool = strawberry.field(
        default=False,
        description="Make it an installed app, so that the whole team can use it; else it is the integration's own.",
    )

    def using(self) -> BySignIn:
        return BySignIn(key_of(self.authorization_id, "Authorization", field=SIGN_IN_FIELD), self.share_with_team)


@strawberry.input(one_of=True, description="What an integration is authorized by: exactly one of these.")
class IntegrationAuthorizationInput:
    installed_app_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="An installed app of the team that works."
    )
    authorization: NewAuthorizationInput | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "A finished sign-in for this integration alone, or, with shareWithTeam, a new installed app. "
            "A refused use does not use it up."
        ),
    )

    def using(self) -> Using:
        authorization = chosen(self.authorization)
        if authorization is not None:
            return authorization.using()
        return ThroughApp(key_of(chosen(self.installed_app_id) or "", "InstalledApp", field=INSTALLED_APP_FIELD))


@strawberry.input(description="The settings of the kind “Post monitoring results”.")
class PostMonitoringResultsInput:
    monitor_key: str = strawberry.field(
        description="Your own name for the monitor, 1 to 200 characters; the monitor is made when there is none of it yet."
    )
    channel_id: strawberry.ID = strawberry.field(description="A channel's `id`, from `channels`.")
    notify: NotifyRule = strawberry.field(default=NotifyRule.ALL_RUNS, description="Which runs are posted.")


@strawberry.input(description="The settings of the kind “Connect an API”, which Git servers have.")
class ConnectApiInput:
    api_name: str = strawberry.field(description="The API's name, for people.")
    repository_id: strawberry.ID = strawberry.field(description="A repository's `id`. It cannot be changed later.")
    branch: str = strawberry.field(description="The branch's name.")
    schema_file: str | None = strawberry.field(default=None, description="The path of the root definition file.")
    collection_directory: str = strawberry.field(default="postman/collections", description="Where collections are kept.")


@strawberry.input(one_of=True, description="What an integration does: exactly one of these, which is its kind.")
class IntegrationSettingsInput:
    post_monitoring_results: PostMonitoringResultsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Post a monitor's results to a channel."
    )
    connect_api: ConnectApiInput | None = strawberry.field(
        default=strawberry.UNSET, description="Connect an API to a repository on a Git server."
    )

    def settings(self) -> MonitoringPostSettings:
        """Return the settings. Raises INVALID for a kind that nothing offers."""
        post = chosen(self.post_monitoring_results)
        if post is None:
            raise _not_offered()
        return MonitoringPostSettings(post.monitor_key, post.channel_id, post.notify)


@strawberry.input(description="Other settings of the kind “Post monitoring results”; what is left out stays as it is.")
class EditPostMonitoringResultsInput:
    monitor_key: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another monitor, by its key; the notify rule's count starts over."
    )
    channel_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Another channel, by its id.")
    notify: NotifyRule | None = strawberry.field(default=strawberry.UNSET, description="Another rule; its count starts over.")


@strawberry.input(description="Other settings of the kind “Connect an API”; what is left out stays as it is.")
class EditConnectApiInput:
    api_name: str | None = strawberry.field(default=strawberry.UNSET, description="The API's name, for people.")
    branch: str | None = strawberry.field(default=strawberry.UNSET, description="The branch's name.")
    schema_file: str | None = strawberry.field(
        default=strawberry.UNSET, description="The path of the root definition file; null clears it."
    )
    collection_directory: str | None = strawberry.field(default=strawberry.UNSET, description="Where collections are kept.")


@strawberry.input(one_of=True, description="Other settings, of the kind that the integration has.")
class EditIntegrationSettingsInput:
    post_monitoring_results: EditPostMonitoringResultsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of the kind “Post monitoring results”."
    )
    connect_api: EditConnectApiInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of the kind “Connect an API”."
    )


def read_edit(
    *, name: str | None, using: IntegrationAuthorizationInput | None, settings: EditIntegrationSettingsInput | None
) -> Edit:
    """Return what an edit asks for. Raises INVALID for null and for settings of a kind that nothing offers."""
    source, wanted = given(using, field=("using",)), given(settings, field=("settings",))
    post = chosen(wanted.post_monitoring_results) if wanted is not None else None
    if wanted is not None and post is None:
        raise _not_offered()
    return Edit(
        name=given(name, field=("name",)),
        using=source.using() if source is not None else None,
        monitor_key=given(post.monitor_key, field=(*SETTINGS_FIELD, "monitorKey")) if post is not None else None,
        channel_id=given(post.channel_id, field=(*SETTINGS_FIELD, "channelId")) if post is not None else None,
        notify=given(post.notify, field=(*SETTINGS_FIELD, "notify")) if post is not None else None,
    )


def _not_offered() -> Refusal:
    names = ", ".join(provider.name for provider in CATALOGUE.values())
    return Refusal(
        UserErrorCode.INVALID,
        f"Connecting an API is nothing that {names} offers: `providers` says which kinds of integrations each has.",
        field=["settings", "connectApi"],
    )
