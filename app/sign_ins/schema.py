"""Sign-ins in the API."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from app.access.rules import ASKING_PROVIDERS, CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.catalogue.schema import Provider, provider_of
from app.errors import BadUserInput
from app.graphql.connections import ForwardArguments, UncountedConnection
from app.graphql.context import Context, Info
from app.graphql.enums import register_enum
from app.graphql.errors import UserError
from app.graphql.execution.insistence import insist
from app.graphql.extension import Fields
from app.graphql.fields import mutation, query, relation, subscription
from app.graphql.ids import decode_id
from app.graphql.nodes import Node
from app.graphql.objects import object_of
from app.graphql.scalars import URL
from app.graphql.streams import end_of_log, follow
from app.providers.catalogue import CATALOGUE
from app.sign_ins import actions, loaders, models
from app.sign_ins.channels import Channel, page_of_channels
from app.sign_ins.inputs import key_of_sign_in
from app.sign_ins.models import AuthorizationFailureCode, AuthorizationStatus

__all__ = ["Authorization", "AuthorizationFailure", "Channel", "ChannelConnection"]

_TYPE = "Authorization"
_LOOK_EVERY_SECONDS = 1.0

ChannelConnection: TypeAlias = UncountedConnection[Channel]
Search = Annotated[str | None, strawberry.argument(description="Only those with this in their name, whatever the case.")]

register_enum(
    AuthorizationStatus,
    name="AuthorizationStatus",
    description="How far a sign-in is. New statuses may come: have a default branch.",
    members={
        AuthorizationStatus.PENDING: "Begun; the member has ten minutes to finish it in the browser.",
        AuthorizationStatus.COMPLETED: "Git servers: the member's authorization from now on. Slack: waiting to be used.",
        AuthorizationStatus.USED: "Slack: an installed app or an integration has it now.",
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
        description="Who or what was connected, once COMPLETED: the Slack workspace, or the account at the Git server."
    )
    failure: AuthorizationFailure | None = strawberry.field(description="Why it FAILED; else null.")
    expires_at: datetime | None = strawberry.field(
        description="PENDING: ten minutes. COMPLETED at Slack: one hour to be used; then its tokens are given back and shredded."
    )

    @relation(description="Where the member signs in.")
    def provider(self, info: Info) -> Provider:
        del info
        return provider_of(self.row.provider)

    @relation(description="Open this in the member's browser, which must be signed in here as that member, or will be asked to.")
    async def start_url(self, info: Info) -> URL:
        return URL(await actions.start_url(self.row, services=info.context.services))

    @relation(rule=ASKING_PROVIDERS, description="Slack, once COMPLETED: where an integration that uses this sign-in could post.")
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


@strawberry.input(description="Which sign-in to end.")
class RevokeAuthorizationInput:
    id: strawberry.ID = strawberry.field(description="The authorization's id.")


@strawberry.type(description="What became of it.")
@attributes(PUBLIC_ATTRIBUTE)
class RevokeAuthorizationPayload:
    authorization: Authorization | None = strawberry.field(description="As it is now; null when refused.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why nothing was changed.", default_factory=list)


@query(description="One sign-in; the caller's own only.")
async def authorization(info: Info, id: strawberry.ID) -> Authorization | None:
    key = decode_id(id, _TYPE)
    return await info.context.load(_authorizations, key) if key is not None else None


@mutation(
    CHANGING,
    description="End the caller's own authorization at a Git server; integrations that use it stop (NEEDS_REAUTHENTICATION).",
)
async def revoke_authorization(info: Info, input: RevokeAuthorizationInput) -> RevokeAuthorizationPayload:
    context = info.context
    key = key_of_sign_in(input.id, field=["id"])
    row = await actions.revoke(key, field=["id"], caller=context.viewer, services=context.services)
    return RevokeAuthorizationPayload(authorization=Authorization.of(row, now=context.services.clock.now()))


@subscription(
    description=(
        "The caller's own sign-in: first as it is now, then each change; completes after COMPLETED, FAILED or EXPIRED. What a "
        "client waits on while the browser tab is open."
    )
)
async def authorization_changed(info: Info, id: strawberry.ID) -> AsyncGenerator[Authorization, None]:
    context = info.context
    key = decode_id(id, _TYPE)
    after = await end_of_log(context)
    shown = await _find(key, context=context)
    yield shown
    if shown.status is AuthorizationStatus.PENDING:
        yield await _wait_for_end(shown, after, context=context)


async def _wait_for_end(shown: Authorization, after: str, *, context: Context) -> Authorization:
    """Return the sign-in once it is no longer PENDING: an event says so, or its time runs out, of which there is no event."""
    key = shown.row.id
    find = partial(_find, key, context=context)
    events = follow(context, after, subjects=frozenset({key}))
    news = asyncio.ensure_future(anext(events))
    try:
        while shown.status is AuthorizationStatus.PENDING:
            await asyncio.wait({news}, timeout=_LOOK_EVERY_SECONDS)
            if news.done():
                news.result()
                news = asyncio.ensure_future(anext(events))
                shown = await insist(find, insistence=context.insistence)
            elif shown.row.status_at(context.services.clock.now()) is not AuthorizationStatus.PENDING:
                shown = await insist(find, insistence=context.insistence)
        return shown
    finally:
        news.cancel()
        await asyncio.gather(news, return_exceptions=True)


async def _find(key: UUID | None, *, context: Context) -> Authorization:
    found = (await _authorizations([key], context=context))[0] if key is not None else None
    if found is None:
        raise BadUserInput("You have no sign-in with this id.")
    return found


async def _authorizations(keys: Sequence[UUID], *, context: Context) -> list[Authorization | None]:
    now = context.services.clock.now()
    rows = await loaders.authorizations(keys, context=context)
    return [Authorization.of(row, now=now) if row is not None else None for row in rows]


QUERY = {"authorization": authorization}
MUTATION = {"revoke_authorization": revoke_authorization}
SUBSCRIPTION = {"authorization_changed": authorization_changed}
FIELDS: Fields = {}
NODES = {Authorization: _authorizations}
