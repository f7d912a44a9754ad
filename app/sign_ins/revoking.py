"""Ending the caller's own authorization at a Git server. Its tokens are given back later, in `revocation`."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.log.events import Change
from app.providers.contract import SharingModel
from app.services import Services
from app.sign_ins import endings, grants
from app.sign_ins.clients import provider_of
from app.sign_ins.inputs import key_of_sign_in, no_such_sign_in
from app.sign_ins.models import Authorization as Row, AuthorizationStatus, StatusReason
from app.sign_ins.types import Authorization


@strawberry.input(description="Which sign-in to end.")
class RevokeAuthorizationInput:
    id: strawberry.ID = strawberry.field(description="The authorization's id.")


@strawberry.type(description="What became of it.")
@attributes(PUBLIC_ATTRIBUTE)
class RevokeAuthorizationPayload:
    authorization: Authorization | None = strawberry.field(description="As it is now; null when refused.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why nothing was changed.", default_factory=list)


@mutation(
    CHANGING,
    description="End the caller's own authorization at a Git server; integrations that use it stop (NEEDS_REAUTHENTICATION).",
)
async def revoke_authorization(info: Info, input: RevokeAuthorizationInput) -> RevokeAuthorizationPayload:
    context = info.context
    key = key_of_sign_in(input.id, field=["id"])
    row = await revoke(key, field=["id"], caller=context.viewer, services=context.services)
    return RevokeAuthorizationPayload(authorization=Authorization.of(row, now=context.services.clock.now()))


async def revoke(authorization_id: UUID, *, field: Sequence[str] = (), caller: Caller, services: Services) -> Row:
    """End the caller's own authorization at a Git server; whatever uses it stops.

    Raises Refusal: NOT_FOUND also for another member's, CONFLICT for one that is no such authorization or not in force.
    """

    async def end(change: Change) -> Row:
        row = await Row.get_or_none(id=authorization_id, team_id=caller.team_id, member_id=caller.member_id)
        if row is None:
            raise no_such_sign_in(field=field)
        _refuse_unless_own(row, field=field)
        await endings.mark_revoked(change, row)
        if row.grant_id is not None:
            message = "The member whose sign-in it used has ended it."
            await grants.end(change, row.grant_id, reason=StatusReason.AUTHORIZATION_ENDED, message=message)
        return row

    return await services.events.change(caller.team_id, end, actor=caller.actor, is_free=True)


def _refuse_unless_own(row: Row, *, field: Sequence[str]) -> None:
    provider = provider_of(row)
    if provider.sharing is SharingModel.SHARED_AUTHORIZATION:
        message = (
            "This sign-in is not a member's own: once used, delete the integration or the installed app that it was used for; "
            f"unused, it is given back to {provider.name} by itself within the hour."
        )
        raise Refusal(UserErrorCode.CONFLICT, message, field=field)
    if row.status is not AuthorizationStatus.COMPLETED:
        raise Refusal(UserErrorCode.CONFLICT, "This sign-in is not in force.", field=field)
