"""An integration in the API."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from app.access.rules import ASKING_PROVIDERS, PUBLIC_ATTRIBUTE, attributes
from app.catalogue.kinds import CONNECT_API
from app.catalogue.schema import IntegrationKind, Provider, kind_of, provider_of
from app.graphql.context import Info
from app.graphql.fields import relation
from app.graphql.nodes import Node
from app.graphql.objects import object_of
from app.graphql.scalars import URL
from app.installed_apps.enums import StatusReason
from app.installed_apps.loaders import installed_apps
from app.installed_apps.types import InstalledApp
from app.integrations import loaders, models, permissions
from app.integrations.enums import IntegrationStatus, NotifyRule
from app.integrations.kinds.live_targets import live_channels, live_repositories
from app.monitors.loaders import monitors
from app.monitors.schema import Monitor
from app.repositories import asking
from app.repositories.references import RepositoryRef
from app.repositories.types import Repository, RepositoryFile
from app.sign_ins.channels import ChannelRef
from app.sign_ins.schema import Channel
from app.teams.loaders import members
from app.teams.schema import TeamMember


@strawberry.type(description="What an integration of the kind “Post monitoring results” does.")
@attributes(PUBLIC_ATTRIBUTE)
class PostMonitoringResults:
    integration: strawberry.Private[models.Integration]
    post: strawberry.Private[models.MonitoringPost]
    notify: NotifyRule = strawberry.field(description="Which runs are posted.")
    channel_id: strawberry.ID = strawberry.field(description="Where they are posted, as it was chosen: what channelId takes.")
    channel_name: str = strawberry.field(description="The channel's name when it was chosen, without a leading #.")

    @relation(description="Whose runs are posted.")
    async def monitor(self, info: Info) -> Monitor:
        monitor = await info.context.load(monitors, self.post.monitor_id)
        if monitor is None:
            raise LookupError("An integration's monitor is in its own team.")
        return Monitor.of(monitor)

    @relation(
        description=(
            "The channel as its provider shows it now, to within a minute; asks the provider. Null where it is gone or cannot be "
            "posted to, where the provider does not answer, where an operation would ask for too many, and for VIEWERs: then "
            "`channelName` says what was chosen."
        )
    )
    async def channel(self, info: Info) -> Channel | None:
        found = await info.context.load(live_channels, self.integration.id)
        if found is None:
            return None
        return Channel.of(_where(self.integration, self.post), name=found.name, is_private=found.is_private)

    @classmethod
    def of(cls, integration: models.Integration, post: models.MonitoringPost) -> "PostMonitoringResults":
        return cls(
            integration=integration,
            post=post,
            notify=post.notify,
            channel_id=strawberry.ID(_where(integration, post).id),
            channel_name=post.channel_name,
        )


def _where(integration: models.Integration, post: models.MonitoringPost) -> ChannelRef:
    return ChannelRef(integration.provider, integration.account_id, post.channel_id)


@strawberry.type(description="An API of the team, connected to a repository on a Git server.")
@attributes(PUBLIC_ATTRIBUTE)
class ConnectApi:
    integration: strawberry.Private[models.Integration]
    connection: strawberry.Private[models.ApiConnection]
    api_name: str = strawberry.field(description="The API's name, for people.")
    repository_id: strawberry.ID = strawberry.field(
        description="The repository that it is connected to, as it was chosen: what repositoryId takes."
    )
    repository_path: str = strawberry.field(description="The repository's owner and name when it was connected.")
    repository_url: URL = strawberry.field(description="Where people looked at it then.")
    branch: str = strawberry.field(description="Which branch.")
    schema_file: str | None = strawberry.field(
        description="The root definition file, from the repository's root; null when the connection has none."
    )
    collection_directory: str = strawberry.field(description="Where collections are kept, from the repository's root.")

    @relation(
        description=(
            "The repository as the server shows it to the viewer now, to within a minute, with the viewer's own sign-in; asks "
            "the server. Null without a sign-in, where the viewer does not see it, where the server does not answer, where an "
            "operation would ask for too many, and for VIEWERs: then `repositoryPath` says what was chosen."
        )
    )
    async def repository(self, info: Info) -> Repository | None:
        found = await info.context.load(live_repositories, self.integration.id)
        if found is None:
            return None
        return Repository.of(
            found,
            provider=self.integration.provider,
            base_url=self.integration.account_id,
            oauth_client_id=await self._client_id(info),
        )

    @relation(
        rule=ASKING_PROVIDERS,
        description=(
            "The definition at the head of the branch, read as the viewer, with the viewer's own sign-in. Asks the server; null "
            "with an error when that fails, and null when the connection has none."
        ),
    )
    async def definition(self, info: Info) -> RepositoryFile | None:
        if self.schema_file is None:
            return None
        question = asking.file(self.connection.repository_id, self.branch, self.schema_file)
        return RepositoryFile.of(await asking.ask_as_viewer(question, await self._client_id(info), context=info.context))

    async def _client_id(self, info: Info) -> UUID | None:
        key = self.integration.installed_app_id
        app = await info.context.load(installed_apps, key) if key is not None else None
        return app.oauth_client_id if app is not None else None

    @classmethod
    def of(cls, integration: models.Integration, connection: models.ApiConnection) -> "ConnectApi":
        return cls(
            integration=integration,
            connection=connection,
            api_name=connection.api_name,
            repository_id=strawberry.ID(RepositoryRef(integration.provider, integration.account_id, connection.repository_id).id),
            repository_path=connection.repository_full_name,
            repository_url=URL(connection.repository_url),
            branch=connection.branch,
            schema_file=connection.schema_file,
            collection_directory=connection.collection_directory,
        )


IntegrationSettings: TypeAlias = Annotated[
    PostMonitoringResults | ConnectApi,
    strawberry.union("IntegrationSettings", description="Named like its kind. New kinds may come: have a default branch."),
]


@strawberry.type(description="An authorization put to work: through an installed app of the team, or with one of its own.")
@attributes(PUBLIC_ATTRIBUTE)
class Integration(Node):
    row: strawberry.Private[models.Integration]
    name: str = strawberry.field(description="For people.")
    status: IntegrationStatus = strawberry.field(description="Whether it works.")
    status_reason: StatusReason | None = strawberry.field(description="Why it does not; null while it is ACTIVE.")
    status_message: str | None = strawberry.field(description="The same in words, and what to do about it.")
    status_changed_at: datetime = strawberry.field(description="Since when its status, and the reason for it, are what they are.")
    is_paused: bool = strawberry.field(
        description="Kept while it is stopped for another cause: re-authenticated, it is PAUSED again."
    )
    connected_to: str = strawberry.field(description="The workspace or server; stays when the installed app is deleted.")
    uses_installed_app: bool = strawberry.field(
        description="Stays true when the installed app is deleted; `installedApp` is then null."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(
        description="When a member last edited, paused, resumed or re-authenticated it: what `expectedUpdatedAt` takes."
    )

    @relation(description="Where it is connected to.")
    def provider(self, info: Info) -> Provider:
        del info
        return provider_of(self.row.provider)

    @relation(description="What it does.")
    def kind(self, info: Info) -> IntegrationKind:
        del info
        return kind_of(self.row.kind)

    @relation(description="The installed app that it uses; null without one, and once that is deleted.")
    async def installed_app(self, info: Info) -> InstalledApp | None:
        key = self.row.installed_app_id
        row = await info.context.load(installed_apps, key) if key is not None else None
        return InstalledApp.of(row) if row is not None else None

    @relation(description="Whose own authorization it uses; null when that is shared.")
    async def authorized_by(self, info: Info) -> TeamMember | None:
        key = self.row.authorized_by_id
        row = await info.context.load(members, key) if key is not None else None
        return TeamMember.of(row) if row is not None else None

    @relation(description="What it does with what, by its kind.")
    async def settings(self, info: Info) -> IntegrationSettings:
        if self.row.kind == CONNECT_API.key:
            connection = await info.context.load(loaders.api_connections, self.row.id)
            if connection is None:
                raise LookupError("An integration of this kind has its settings.")
            return ConnectApi.of(self.row, connection)
        post = await info.context.load(loaders.monitoring_posts, self.row.id)
        if post is None:
            raise LookupError("An integration of this kind has its settings.")
        return PostMonitoringResults.of(self.row, post)

    @relation(description="Who made it; they stay named when they leave the team.")
    async def created_by(self, info: Info) -> TeamMember | None:
        key = self.row.created_by_id
        row = await info.context.load(members, key) if key is not None else None
        return TeamMember.of(row) if row is not None else None

    @relation(description="Whether the viewer may edit, pause and resume it: who made it, and admins.")
    def viewer_can_edit(self, info: Info) -> bool:
        return permissions.may_edit(info.context.viewer, self.row)

    @relation(description="Whether the viewer may delete it: who made it, and admins.")
    def viewer_can_delete(self, info: Info) -> bool:
        return permissions.may_edit(info.context.viewer, self.row)

    @relation(description="Whether the viewer may bring it back with another authorization: everyone but VIEWERs.")
    def viewer_can_reauthenticate(self, info: Info) -> bool:
        return permissions.may_reauthenticate(info.context.viewer)

    @classmethod
    def of(cls, row: models.Integration) -> "Integration":
        return object_of(cls, row, status_reason=row.reason, status_message=row.message)
