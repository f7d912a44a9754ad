"""Revoking an access token of the caller's own."""

from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.inputs import key_of
from app.log.events import Change
from app.services import Services
from app.teams.access_tokens import NO_SUCH_TOKEN, OWN_TOKENS, end_token
from app.teams.models import AccessToken


@strawberry.input(description="Which token is revoked.")
class RevokeAccessTokenInput:
    id: strawberry.ID = strawberry.field(description="One of the caller's own.")


@strawberry.type(description="The token that is no good any more.")
@attributes(PUBLIC_ATTRIBUTE)
class RevokeAccessTokenPayload:
    revoked_access_token_id: strawberry.ID | None = strawberry.field(default=None, description="Which one it was.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@mutation(OWN_TOKENS, description="Revoke one of the caller's own tokens, at once.")
async def revoke_access_token(info: Info, input: RevokeAccessTokenInput) -> RevokeAccessTokenPayload:
    key = key_of(input.id, "AccessToken", field=("id",), message=NO_SUCH_TOKEN)
    await revoke(caller=info.context.viewer, token_id=key, services=info.context.services)
    return RevokeAccessTokenPayload(revoked_access_token_id=input.id)


async def revoke(*, caller: Caller, token_id: UUID, services: Services) -> None:
    """Revoke one of the caller's own tokens, with the browser sessions that it opened. Raises Refusal NOT_FOUND."""

    async def end(change: Change) -> None:
        row = await AccessToken.get_or_none(id=token_id, member_id=caller.member_id, revoked_at=None).select_related("member")
        if row is None:
            raise Refusal(UserErrorCode.NOT_FOUND, NO_SUCH_TOKEN, field=("id",))
        await end_token(change, row)

    await services.events.change(caller.team_id, end, actor=caller.actor, is_free=True)
