"""Connecting an API in the API: what members write, and what they read."""

from uuid import UUID

import strawberry

from app.access.rules import ASKING_PROVIDERS, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.fields import relation
from app.graphql.inputs import given, given_or_cleared
from app.graphql.scalars import URL
from app.installed_apps.loaders import installed_apps
from app.integrations import models
from app.integrations.kinds.connect_api.layouts import BRANCH_FIELD, DIRECTORY_FIELD, NAME_FIELD
from app.integrations.kinds.connect_api.loaders import live_repositories
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.connect_api.settings import ApiConnectionEdit, ApiConnectionSettings
from app.repositories import asking
from app.repositories.references import RepositoryRef
from app.repositories.types import Repository, RepositoryFile


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
            schema_file=given_or_cleared(self.schema_file),
            collection_directory=given(self.collection_directory, field=DIRECTORY_FIELD),
        )


@strawberry.type(description="An API of the team, connected to a repository on a Git server.")
@attributes(PUBLIC_ATTRIBUTE)
class ConnectApi:
    integration: strawberry.Private[models.Integration]
    connection: strawberry.Private[ApiConnection]
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
    def of(cls, integration: models.Integration, connection: ApiConnection) -> "ConnectApi":
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
