"""An installed app in the API."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.access.rules import ASKING_PROVIDERS, PUBLIC_ATTRIBUTE, attributes
from app.catalogue.schema import Provider, callback_url, provider_of
from app.graphql.connections import ForwardArguments, UncountedConnection
from app.graphql.context import Info
from app.graphql.fields import relation
from app.graphql.nodes import Node
from app.graphql.objects import ShowsRow
from app.graphql.relations import derived, reference
from app.graphql.scalars import URL
from app.installed_apps import loaders, models, permissions
from app.installed_apps.connection_messages import ConnectedBy, message_of
from app.installed_apps.enums import InstalledAppStatus, StatusReason
from app.providers.catalogue import CATALOGUE
from app.providers.contract import missing_scopes
from app.sign_ins.channels import page_of_channels
from app.sign_ins.models import Grant, OAuthClient
from app.sign_ins.types import Authorization, Channel
from app.teams.loaders import members
from app.teams.types import TeamMember

Search = Annotated[str | None, strawberry.argument(description="Only those whose name has this in it, in upper or lower case.")]


@strawberry.type(
    description=(
        "What a team shares at a provider: an authorization or a secret that every member can put to use, "
        "or an OAuth client with which members sign in as themselves (Git servers)."
    )
)
@attributes(PUBLIC_ATTRIBUTE)
class InstalledApp(Node):
    row: strawberry.Private[models.InstalledApp]
    name: str = strawberry.field(description="For people; chosen by whoever set it up.")
    connected_to: str = strawberry.field(description="For people: a workspace's name, a server's address.")
    url: URL | None = strawberry.field(description="Where that is.")
    status: InstalledAppStatus = strawberry.field(description="Whether it works.")
    status_reason: StatusReason | None = strawberry.field(description="Why it does not; null while it is ACTIVE.")
    status_message: str | None = strawberry.field(description="The same in words, and what to do about it.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(
        description="When a member last edited or re-authenticated it: what `expectedUpdatedAt` takes."
    )

    provider: Provider = derived(provider_of, by="row.provider", description="Where it is installed.")
    installed_by: TeamMember | None = reference(
        members, TeamMember.of, by="row.installed_by_id", description="Who set it up; they stay named when they leave the team."
    )

    @relation(description="When an authorization of it was last put to use, to within five minutes; null: never.")
    async def last_used_at(self, info: Info) -> datetime | None:
        if self.row.oauth_client_id is not None:
            return await info.context.load(loaders.last_uses, self.row.oauth_client_id)
        grant = await self._grant(info)
        return grant.last_used_at if grant is not None else None

    @relation(description="When the provider was last asked whether it still works; null: never.")
    async def last_checked_at(self, info: Info) -> datetime | None:
        client, grant = await self._client(info), await self._grant(info)
        if client is not None:
            return client.last_checked_at
        return grant.last_checked_at if grant is not None else None

    @relation(description="What was granted. Where members sign in themselves: what the OAuth client has to be registered for.")
    async def scopes(self, info: Info) -> list[str]:
        if self.row.oauth_client_id is not None:
            return list(CATALOGUE[self.row.provider].scopes)
        grant = await self._grant(info)
        return list(grant.scopes) if grant is not None else []

    @relation(description="What is needed and was not granted.")
    async def missing_scopes(self, info: Info) -> list[str]:
        grant = await self._grant(info)
        return list(missing_scopes(grant.scopes, wanted=CATALOGUE[self.row.provider].scopes)) if grant is not None else []

    @relation(description="SHARED_CLIENT only, as the next three: the OAuth client's public name.")
    async def client_id(self, info: Info) -> str | None:
        client = await self._client(info)
        return client.client_id if client is not None else None

    @relation(description="The last four characters; the secret itself is never returned.")
    async def client_secret_hint(self, info: Info) -> str | None:
        client = await self._client(info)
        return client.secret_hint if client is not None else None

    @relation(description="PEM certificates that are trusted for this server, beside the system's.")
    async def ca_certificates(self, info: Info) -> str | None:
        client = await self._client(info)
        return client.certificates if client is not None else None

    @relation(description="The redirect URI to register at the server.")
    async def callback_url(self, info: Info) -> URL | None:
        client = await self._client(info)
        if client is None:
            return None
        public_url = info.context.services.settings.public_url
        return URL(callback_url(CATALOGUE[client.provider], client.base_url, public_url=public_url))

    @relation(description="SHARED_CLIENT only: the viewer's own sign-in there, while it is in force.")
    async def viewer_authorization(self, info: Info) -> Authorization | None:
        key = self.row.oauth_client_id
        row = await info.context.load(loaders.own_authorizations, key) if key is not None else None
        return Authorization.of(row, now=info.context.services.clock.now()) if row is not None else None

    @relation(
        description=(
            "The green check: the viewer can add an integration with it without signing in. False for VIEWERs and while it "
            "does not work."
        )
    )
    async def viewer_is_authenticated(self, info: Info) -> bool:
        key = self.row.oauth_client_id
        own = await info.context.load(loaders.own_grants, key) if key is not None else None
        return permissions.may_use_without_signing_in(info.context.viewer, self.row, own=own)

    @relation(
        description=(
            "What the viewer is connected to through it and by whom, as in “Connected to Acme as set up by Ada.”; or why not, "
            "and what to do. For a person."
        )
    )
    async def viewer_connection_message(self, info: Info) -> str:
        key, by = self.row.oauth_client_id, self.row.installed_by_id
        own = await info.context.load(loaders.own_grants, key) if key is not None else None
        installed_by = await info.context.load(members, by) if by is not None else None
        connected_by = ConnectedBy(installed_by.name if installed_by is not None else None, own)
        return message_of(self.row, connected_by, viewer=info.context.viewer)

    @relation(description="Whether the viewer may edit it: admins, and of one that holds a sign-in whoever set it up.")
    def viewer_can_edit(self, info: Info) -> bool:
        return permissions.may_edit(info.context.viewer, self.row)

    @relation(description="Whether the viewer may delete it: admins only.")
    def viewer_can_delete(self, info: Info) -> bool:
        return permissions.may_delete(info.context.viewer)

    @relation(description="Whether the viewer may put a fresh sign-in into it.")
    def viewer_can_reauthenticate(self, info: Info) -> bool:
        return permissions.may_reauthenticate(info.context.viewer, self.row)

    @relation(
        rule=ASKING_PROVIDERS,
        description=(
            "Where an integration could post; null where nothing is posted. Private channels appear once the app is in them. "
            "Not for VIEWERs."
        ),
    )
    async def channels(self, info: Info, page: ForwardArguments, search: Search = None) -> UncountedConnection[Channel] | None:
        if self.row.grant_id is None or CATALOGUE[self.row.provider].messaging is None:
            return None
        context = info.context
        found = await page_of_channels(self.row.grant_id, page, search, budget=context.budget, services=context.services)
        return UncountedConnection.of(found, lambda channel: channel)

    async def _grant(self, info: Info) -> Grant | None:
        return await info.context.load(loaders.grants, self.row.grant_id) if self.row.grant_id is not None else None

    async def _client(self, info: Info) -> OAuthClient | None:
        key = self.row.oauth_client_id
        return await info.context.load(loaders.oauth_clients, key) if key is not None else None

    of = ShowsRow[models.InstalledApp]()
