"""The one translation of exceptions into what clients see."""

import math
import traceback
from collections.abc import Sequence
from typing import Any

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.errors import (
    BadUserInput,
    DatabaseAway,
    Overdue,
    RateLimited,
    Refusal,
    RequestRefused,
    ServiceError,
    TooComplex,
    UserErrorCode,
)
from app.graphql.enums import register_enum
from app.graphql.error_messages import is_about_a_value, is_about_size, without_tokens, without_value
from app.graphql.execution.documents import WHICH_OPERATION
from app.graphql.lists import comes_at_most

MUTATIONS_GO_BY_POST = "Mutations go by POST."
TOO_LONG = "The document is too long or nested too deeply: at most 16 KiB, 2,000 tokens and 15 levels."

register_enum(
    UserErrorCode,
    name="UserErrorCode",
    description="Why a mutation was refused. New codes may come: have a default branch.",
    members={
        UserErrorCode.INVALID: "A value makes no sense; `field` names it.",
        UserErrorCode.NOT_FOUND: "The team has no such thing.",
        UserErrorCode.FORBIDDEN: "The member's role does not allow it.",
        UserErrorCode.ALREADY_EXISTS: "The team has it already.",
        UserErrorCode.CONFLICT: (
            "It changed since `expectedUpdatedAt`, its state does not allow this, or it would be more than a team may have."
        ),
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
@attributes(PUBLIC_ATTRIBUTE)
@comes_at_most(1)
class UserError:
    code: UserErrorCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="Says what is wrong and what to do about it, for a person.")
    field: list[str] | None = strawberry.field(description="The path in the input, when one field is at fault.", default=None)
    retry_after: int | None = strawberry.field(
        description="After how many seconds to try again, where waiting helps: a quota's minute or day, a provider's patience.",
        default=None,
    )

    @classmethod
    def of(cls, refusal: Refusal) -> "UserError":
        return cls(
            code=refusal.code,
            message=refusal.message,
            field=list(refusal.field) or None,
            retry_after=math.ceil(refusal.retry_after) if refusal.retry_after is not None else None,
        )


_log = structlog.get_logger("graphql")


def present(result: ExecutionResult, *, request_id: str) -> dict[str, Any]:
    """Return the response's body: `data` unless nothing of it was run, `errors` and `extensions` where there are some."""
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = _describe_all(result.errors, request_id=request_id)
    if not is_request_error(result):
        body["data"] = result.data
    if result.extensions:
        body["extensions"] = result.extensions
    return body


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing of the operation was executed."""
    if isinstance(result, PreExecutionError):
        return True
    if result.data is not None or not result.errors:
        return False
    return all(error.path is None and not isinstance(error.original_error, Overdue) for error in result.errors)


def describe(error: GraphQLError, *, request_id: str) -> dict[str, Any]:
    """Return the error as clients see it; what nobody expected is logged under `request_id`, and not shown."""
    return _placed(refuse(_cause(error), request_id=request_id), error)


def _describe_all(errors: Sequence[GraphQLError], *, request_id: str) -> list[dict[str, Any]]:
    """Describe errors, of which there may be as many as fields; what several of them say is found, and logged, once."""
    found: dict[tuple[type[BaseException], str], dict[str, Any]] = {}
    described = []
    for error in errors:
        cause = _cause(error)
        kind = type(cause), str(cause)
        if kind not in found:
            found[kind] = refuse(cause, request_id=request_id)
        described.append(_placed(found[kind], error))
    return described


def _placed(what: dict[str, Any], error: GraphQLError) -> dict[str, Any]:
    described = dict(what)
    if error.locations:
        described["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        described["path"] = error.path
    return described


def code_of(error: GraphQLError) -> str:
    """Return the code that clients see of the error. Nothing is logged."""
    match _cause(error):
        case RequestRefused(code=code) | Refusal(code=code):
            return str(code)
    return "INTERNAL"


def refuse(cause: BaseException, *, request_id: str) -> dict[str, Any]:
    """Return what clients see of an exception: a message and `extensions.code`."""
    match cause:
        case DatabaseAway():
            _log.warning("unavailable", request_id=request_id, fault=cause.fault)
            return _row(cause.message, cause.code)
        case Overdue():
            _log.warning("overdue", request_id=request_id)
            return _row(cause.message, cause.code)
        case RateLimited(retry_after=None) | Refusal(retry_after=None):
            return _row(cause.message, cause.code)
        case RateLimited() | Refusal():
            return _row(cause.message, cause.code, retryAfter=cause.retry_after)
        case RequestRefused():
            return _row(cause.message, cause.code)
    _log.error("unexpected error", request_id=request_id, error=type(cause).__qualname__, trace=_trace(cause))
    return _row(f"Something went wrong here; the log has it under {request_id}.", "INTERNAL")


def _cause(error: GraphQLError) -> BaseException:
    """Return what the error is about: our own exception, or graphql-core's own words without the values they quote."""
    if isinstance(error.original_error, ServiceError):
        return error.original_error
    if is_about_a_value(error.message):
        return BadUserInput(without_value(error.message))
    if error.path is None and is_about_size(error.message):
        return TooComplex(TOO_LONG)
    if isinstance(error, GraphQLSyntaxError):
        return BadUserInput(without_tokens(error.message))
    return _original(error)


def _original(error: GraphQLError) -> BaseException:
    match error.original_error:
        case GraphQLError() as inner:
            return _cause(inner)
        case None:
            return BadUserInput(error.message) if error.path is None else error
        case CannotGetOperationTypeError():
            return BadUserInput(WHICH_OPERATION)
        case MissingQueryError():
            return BadUserInput("`query` is missing.")
        case InvalidOperationTypeError():
            return BadUserInput(MUTATIONS_GO_BY_POST)  # other kinds have been refused before
        case other:
            return other


def _row(message: str, code: str, **more: object) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": str(code), **more}}


def _trace(error: BaseException) -> list[str]:
    """Return the places of the error, innermost last. Not its message nor any value: either may hold a secret."""
    own = error.message if isinstance(error, ServiceError) else ""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    before = _trace(error.__cause__) if error.__cause__ is not None else []
    return [*before, *frames, f"{type(error).__qualname__} {own}".strip()]
