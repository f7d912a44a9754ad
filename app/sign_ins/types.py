"""A sign-in in the API."""

from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

from app.access.rules import ASKING_PROVIDERS, PUBLIC_ATTRIBUTE, attributes
from app.catalogue.schema import Provider, provider_of
from app.graphql.connections import ForwardArguments, UncountedConnection
from app.graphql.context import Info
from app.graphql.enums import register_enum
from app.graphql.fields import relation
from app.graphql.nodes import Node
from app.graphql.objects import object_of
from app.graphql.scalars import URL
from app.providers.catalogue import CATALOGUE
from app.sign_ins import models
from app.sign_ins.beginning import start_url
from app.sign_ins.channels import Channel, page_of_channels
from app.sign_ins.connection_messages import message_of
from app.sign_ins.models import AuthorizationFailureCode, AuthorizationStatus

__all__ = ["Authorization", "AuthorizationFailure", "Channel", "ChannelConnection"]

ChannelConnection: TypeAlias = UncountedConnection[Channel]
Search = Annotated[str | None, strawberry.argument(description="Only those with this in their name, whatever the case.")]

register_enum(
    AuthorizationStatus,
    name="AuthorizationStatus",
    description="How far a sign-in is. New statuses may come: have a default branch.",
    members={
        AuthorizationStatus.PENDING: "Begun; the member has ten minutes to finish it in the browser.",
        AuthorizationStatus.COMPLETED: "Git servers: the member's authorization from now on. Elsewhere: waiting to be used.",
        AuthorizationStatus.USED: "An installed app or an integration has it now.",
        AuthorizationStatus.FAILED: "See `failure`; begin another.",
        AuthorizationStatus.EXPIRED: "Not finished or not used in time; begin another.",
        AuthorizationStatus.REVOKED: "Ended by the member, or with their leaving.",
    },
)
register_enum(
    AuthorizationFailureCode,
    name="AuthorizationFailureCode",
    description="Why a sign-in failed. New codes may come: have a default branch.",
    members={
        AuthorizationFailureCode.DENIED: "The person declined at the provider.",
        AuthorizationFailureCode.WRONG_ACCOUNT: "It was for another workspace or account than the one to be re-authenticated.",
        AuthorizationFailureCode.CLIENT_REFUSED: "The provider refuses the OAuth client: the operator's or admin's to mend.",
        AuthorizationFailureCode.MISSING_SCOPES: "Not everything that is needed was granted.",
        AuthorizationFailureCode.PROVIDER_REFUSED: "The provider said no, for a reason of its own.",
        AuthorizationFailureCode.PROVIDER_UNREACHABLE: "The provider could not be reached or failed, or the service was cut off.",
    },
)


@strawberry.type(description="Why a sign-in failed.")
@attributes(PUBLIC_ATTRIBUTE)
class AuthorizationFailure:
    code: AuthorizationFailureCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="What went wrong and what to do, for a person.")


@strawberry.type(description="One sign-in of a member's at a provider. Only they see it.")
@attributes(PUBLIC_ATTRIBUTE)
class Authorization(Node):
    row: strawberry.Private[models.Authorization]
    status: AuthorizationStatus = strawberry.field(description="How far it is.")
    connected_to: str | None = strawberry.field(
        description="Who or what was connected, once COMPLETED: the workspace, or the account at the Git server."
    )
    failure: AuthorizationFailure | None = strawberry.field(description="Why it FAILED; else null.")
    expires_at: datetime | None = strawberry.field(
        description="PENDING: ten minutes. COMPLETED, to be used: one hour; then its tokens are given back and shredded."
    )

    @relation(description="Where the member signs in.")
    def provider(self, info: Info) -> Provider:
        del info
        return provider_of(self.row.provider)

    @relation(description="Open this in the member's browser, which must be signed in here as that member, or will be asked to.")
    async def start_url(self, info: Info) -> URL:
        return URL(await start_url(self.row, services=info.context.services))

    @relation(
        description="What the member is connected to by it, as in “Connected to Acme.”; or why not, and what to do. For a person."
    )
    def viewer_connection_message(self, info: Info) -> str:
        return message_of(self.row, now=info.context.services.clock.now())

    @relation(
        rule=ASKING_PROVIDERS,
        description="Once COMPLETED, where messages can be posted: where an integration that uses this sign-in could post.",
    )
    async def channels(self, info: Info, page: ForwardArguments, search: Search = None) -> ChannelConnection | None:
        has_channels = CATALOGUE[self.row.provider].messaging is not None
        if not has_channels or self.status is not AuthorizationStatus.COMPLETED or self.row.grant_id is None:
            return None
        context = info.context
        found = await page_of_channels(self.row.grant_id, page, search, budget=context.budget, services=context.services)
        return UncountedConnection.of(found, lambda channel: channel)

    @classmethod
    def of(cls, row: models.Authorization, *, now: datetime) -> "Authorization":
        """Return the object as it is at `now`: what has run out shows as EXPIRED at once."""
        failure = None
        if row.failure_code is not None:
            failure = AuthorizationFailure(code=row.failure_code, message=row.failure_message or "")
        return object_of(cls, row, status=row.status_at(now), failure=failure)
