"""What members write into the inputs of mutations about integrations, and what of it the actions are told."""

import strawberry

from app.graphql.inputs import chosen, given, key_of
from app.integrations.adding import Settings
from app.integrations.editing import Edit, SettingsEdit
from app.integrations.enums import NotifyRule
from app.integrations.kinds.connect_api.layouts import BRANCH_FIELD, DIRECTORY_FIELD, NAME_FIELD
from app.integrations.kinds.connect_api.settings import ApiConnectionEdit, ApiConnectionSettings, Keep
from app.integrations.kinds.post_monitoring_results.settings import (
    CHANNEL_FIELD,
    MONITOR_FIELD,
    POST_FIELD,
    MonitoringPostEdit,
    MonitoringPostSettings,
)
from app.integrations.sources import INSTALLED_APP_FIELD, SIGN_IN_FIELD, BySignIn, ThroughApp, Using
from app.sign_ins.inputs import key_of_sign_in


@strawberry.input(description="A finished sign-in of the caller's.")
class NewAuthorizationInput:
    authorization_id: strawberry.ID = strawberry.field(description="The sign-in's id, once it is COMPLETED.")
    share_with_team: bool = strawberry.field(
        default=False,
        description="Make it an installed app, so that the whole team can use it; else it is the integration's own.",
    )

    def using(self) -> BySignIn:
        return BySignIn(key_of_sign_in(self.authorization_id, field=SIGN_IN_FIELD), self.share_with_team)


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
    channel_id: strawberry.ID = strawberry.field(description="A channel's `id`, from `channels`, or its own id at the provider.")
    notify: NotifyRule = strawberry.field(default=NotifyRule.ALL_RUNS, description="Which runs are posted.")


@strawberry.input(description="The settings of the kind “Connect an API”, which Git servers have.")
class ConnectApiInput:
    api_name: str = strawberry.field(description="The API's name, for people: 1 to 200 characters.")
    repository_id: strawberry.ID = strawberry.field(
        description="A repository's `id`, from `repositories` of the installed app that is used. It cannot be changed later."
    )
    branch: str = strawberry.field(description="The name of a branch that is there.")
    schema_file: str | None = strawberry.field(
        default=None,
        description=(
            "The path of the root definition file, from the repository's root, which has to be there at the branch's head; left "
            "out when there is none. An API needs a repository, branch and schema file of its own."
        ),
    )
    collection_directory: str = strawberry.field(
        default="postman/collections",
        description="Where collections are kept: neither the schema file's directory nor inside or around it.",
    )

    def settings(self) -> ApiConnectionSettings:
        return ApiConnectionSettings(
            api_name=self.api_name,
            repository_id=self.repository_id,
            branch=self.branch,
            schema_file=self.schema_file,
            collection_directory=self.collection_directory,
        )


@strawberry.input(one_of=True, description="What an integration does: exactly one of these, which is its kind.")
class IntegrationSettingsInput:
    post_monitoring_results: PostMonitoringResultsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Post a monitor's results to a channel."
    )
    connect_api: ConnectApiInput | None = strawberry.field(
        default=strawberry.UNSET, description="Connect an API to a repository on a Git server."
    )

    def settings(self) -> Settings:
        connection = chosen(self.connect_api)
        if connection is not None:
            return connection.settings()
        post = chosen(self.post_monitoring_results)
        if post is None:
            raise ValueError("A @oneOf input has one member.")
        return MonitoringPostSettings(post.monitor_key, post.channel_id, post.notify)


@strawberry.input(description="Other settings of the kind “Post monitoring results”; what is left out stays as it is.")
class EditPostMonitoringResultsInput:
    monitor_key: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another monitor, by its key; the notify rule's count starts over."
    )
    channel_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Another channel, by its id, or its own id at the provider."
    )
    notify: NotifyRule | None = strawberry.field(default=strawberry.UNSET, description="Another rule; its count starts over.")

    def edit(self) -> MonitoringPostEdit:
        return MonitoringPostEdit(
            monitor_key=given(self.monitor_key, field=MONITOR_FIELD),
            channel_id=given(self.channel_id, field=CHANNEL_FIELD),
            notify=given(self.notify, field=(*POST_FIELD, "notify")),
        )


@strawberry.input(description="Other settings of the kind “Connect an API”; what is left out stays as it is.")
class EditConnectApiInput:
    api_name: str | None = strawberry.field(default=strawberry.UNSET, description="The API's name, for people.")
    branch: str | None = strawberry.field(
        default=strawberry.UNSET, description="The name of a branch that is there, as the viewer sees it."
    )
    schema_file: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The path of the root definition file, which the viewer has to see there; null clears it.",
    )
    collection_directory: str | None = strawberry.field(default=strawberry.UNSET, description="Where collections are kept.")

    def edit(self) -> ApiConnectionEdit:
        return ApiConnectionEdit(
            api_name=given(self.api_name, field=NAME_FIELD),
            branch=given(self.branch, field=BRANCH_FIELD),
            schema_file=Keep.KEEP if self.schema_file is strawberry.UNSET else self.schema_file,
            collection_directory=given(self.collection_directory, field=DIRECTORY_FIELD),
        )


@strawberry.input(one_of=True, description="Other settings, of the kind that the integration has.")
class EditIntegrationSettingsInput:
    post_monitoring_results: EditPostMonitoringResultsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of the kind “Post monitoring results”."
    )
    connect_api: EditConnectApiInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of the kind “Connect an API”."
    )

    def edit(self) -> SettingsEdit:
        connection = chosen(self.connect_api)
        if connection is not None:
            return connection.edit()
        post = chosen(self.post_monitoring_results)
        if post is None:
            raise ValueError("A @oneOf input has one member.")
        return post.edit()


def read_edit(
    *, name: str | None, using: IntegrationAuthorizationInput | None, settings: EditIntegrationSettingsInput | None
) -> Edit:
    """Return what an edit asks for. Raises INVALID for null where nothing can be cleared."""
    source, wanted = given(using, field=("using",)), given(settings, field=("settings",))
    return Edit(
        name=given(name, field=("name",)),
        using=source.using() if source is not None else None,
        settings=wanted.edit() if wanted is not None else None,
    )
