"""Making an access token of the caller's own."""

from collections.abc import Collection

import strawberry

from app.access.callers import Caller
from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, Unauthenticated, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.log.events import Change
from app.services import Services
from app.teams.access_tokens import DEFAULT_DAYS, OWN_TOKENS, CreatedToken, WantedToken, keep_token
from app.teams.enums import Scope
from app.teams.models import AccessToken as Row, BrowserSession
from app.teams.secrets import make_token
from app.teams.types import AccessToken


@strawberry.input(description="What token the caller wants.")
class CreateAccessTokenInput:
    name: str = strawberry.field(description="What it is for; 1 to 200 characters.")
    scopes: list[Scope] = strawberry.field(description="At least one; none that the caller's credential or role does not have.")
    expires_in_days: int = strawberry.field(default=DEFAULT_DAYS, description="1 to 365.")


@strawberry.type(description="The new token.")
@attributes(PUBLIC_ATTRIBUTE)
class CreateAccessTokenPayload:
    access_token: AccessToken | None = strawberry.field(default=None, description="What is kept of it.")
    token: str | None = strawberry.field(default=None, description="The token itself: here, once, and never again.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@mutation(
    OWN_TOKENS,
    description="Make a token for the caller: in the payload once and never again. It never has more scopes than what made it.",
)
async def create_access_token(info: Info, input: CreateAccessTokenInput) -> CreateAccessTokenPayload:
    created = await create(
        caller=info.context.viewer,
        name=input.name,
        scopes=input.scopes,
        expires_in_days=input.expires_in_days,
        services=info.context.services,
    )
    return CreateAccessTokenPayload(access_token=AccessToken.of(created.row), token=created.token.reveal())


async def create(
    *, caller: Caller, name: str, scopes: Collection[Scope], expires_in_days: int, services: Services
) -> CreatedToken:
    """Make a token for the caller, with no scope that their credential or their role does not have.

    Raises Refusal INVALID (name, no scopes, not 1 to 365 days), FORBIDDEN (scopes) and CONFLICT (too many), Unauthenticated where
    the credential ended in the meantime.
    """
    wanted = WantedToken.check(name=name, scopes=scopes, expires_in_days=expires_in_days)
    token = make_token(services.entropy)

    async def apply(change: Change) -> Row:
        await _require_still_good(caller)
        if not caller.is_session and not wanted.scopes <= caller.scopes:
            message = "A token never has more scopes than what made it: sign in, or send a token that has them."
            raise Refusal(UserErrorCode.FORBIDDEN, message, field=("scopes",))
        return await keep_token(change, caller.member_id, wanted, token)

    row = await services.events.change(caller.team_id, apply, actor=caller.actor)
    return CreatedToken(row, token)


async def _require_still_good(caller: Caller) -> None:
    """Look again, now that nothing can come between: who was cut off must not leave a fresh token behind."""
    ended = (
        await BrowserSession.exists(id=caller.credential_id, ended_at__isnull=False)
        if caller.is_session
        else await Row.exists(id=caller.credential_id, revoked_at__isnull=False)
    )
    if ended:
        raise Unauthenticated("What this request was signed in with has been ended.")
