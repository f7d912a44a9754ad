"""The one translation of exceptions into what clients see."""

import strawberry

from app.errors import Refusal, UserErrorCode
from app.graphql.enums import publish

publish(
    UserErrorCode,
    name="UserErrorCode",
    description="Why a mutation was refused. New codes may come: have a default branch.",
    members={
        UserErrorCode.INVALID: "A value makes no sense; `field` names it.",
        UserErrorCode.NOT_FOUND: "The team has no such thing.",
        UserErrorCode.FORBIDDEN: "The member's role does not allow it.",
        UserErrorCode.ALREADY_EXISTS: "The team has it already.",
        UserErrorCode.CONFLICT: "It changed since `expectedUpdatedAt`, or its state does not allow this.",
        UserErrorCode.NOT_CONFIGURED: "The operator has not set what this provider needs.",
        UserErrorCode.AUTHORIZATION_PENDING: "The sign-in is not finished yet.",
        UserErrorCode.AUTHORIZATION_FAILED: "The sign-in failed: begin another.",
        UserErrorCode.AUTHORIZATION_USED: "The sign-in has been used: begin another.",
        UserErrorCode.AUTHORIZATION_EXPIRED: "The sign-in was left too long: begin another.",
        UserErrorCode.WRONG_ACCOUNT: "The sign-in is for another workspace or account than the one to be re-authenticated.",
        UserErrorCode.MISSING_SCOPES: "What was granted is not enough: sign in again and grant all of it.",
        UserErrorCode.SIGN_IN_REQUIRED: "The member has to sign in at the Git server first.",
        UserErrorCode.ADDRESS_NOT_ALLOWED: (
            "The operator's network policy forbids that address; the message names the setting that would allow it."
        ),
        UserErrorCode.CLIENT_REFUSED: "The server refuses the client id or secret.",
        UserErrorCode.PROVIDER_REFUSED: "The provider refuses the call.",
        UserErrorCode.PROVIDER_UNREACHABLE: "The provider cannot be reached or is failing.",
        UserErrorCode.PROVIDER_BUSY: "It asks for patience; the error's extensions carry retryAfter, in seconds.",
    },
)


@strawberry.type(description="Why a mutation changed nothing.")
class UserError:
    code: UserErrorCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="Says what is wrong and what to do about it, for a person.")
    field: list[str] | None = strawberry.field(description="The path in the input, when one field is at fault.", default=None)

    @classmethod
    def of(cls, refusal: Refusal) -> "UserError":
        return cls(code=refusal.code, message=refusal.message, field=list(refusal.field) or None)
