"""What a provider's failure means to whoever asked: a refusal, a status's reason, or the failure of a sign-in."""

from collections.abc import Mapping, Sequence

from app.errors import Refusal, UserErrorCode
from app.providers.contract import Failure, Fault
from app.sign_ins.models import AuthorizationFailureCode, StatusReason

_REFUSALS: Mapping[Fault, UserErrorCode] = {
    Fault.DEAD_GRANT: UserErrorCode.PROVIDER_REFUSED,
    Fault.EXPIRED: UserErrorCode.PROVIDER_REFUSED,
    Fault.MISSING_SCOPES: UserErrorCode.MISSING_SCOPES,
    Fault.CLIENT_REFUSED: UserErrorCode.CLIENT_REFUSED,
    Fault.TARGET_GONE: UserErrorCode.PROVIDER_REFUSED,
    Fault.DENIED: UserErrorCode.PROVIDER_REFUSED,
    Fault.REFUSED: UserErrorCode.PROVIDER_REFUSED,
    Fault.BUSY: UserErrorCode.PROVIDER_BUSY,
    Fault.UNREACHABLE: UserErrorCode.PROVIDER_UNREACHABLE,
    Fault.BROKEN: UserErrorCode.PROVIDER_UNREACHABLE,
    Fault.NOT_ALLOWED: UserErrorCode.ADDRESS_NOT_ALLOWED,
}

_REASONS: Mapping[Fault, StatusReason] = {
    Fault.DEAD_GRANT: StatusReason.REVOKED,
    Fault.EXPIRED: StatusReason.EXPIRED,
    Fault.MISSING_SCOPES: StatusReason.MISSING_SCOPES,
    Fault.CLIENT_REFUSED: StatusReason.CLIENT_REFUSED,
    Fault.TARGET_GONE: StatusReason.TARGET_UNAVAILABLE,
    Fault.DENIED: StatusReason.PROVIDER_ERROR,
    Fault.REFUSED: StatusReason.PROVIDER_ERROR,
    Fault.BUSY: StatusReason.PROVIDER_ERROR,
    Fault.UNREACHABLE: StatusReason.PROVIDER_UNREACHABLE,
    Fault.BROKEN: StatusReason.PROVIDER_ERROR,
    Fault.NOT_ALLOWED: StatusReason.PROVIDER_UNREACHABLE,
}

_SIGN_IN_FAILURES: Mapping[Fault, AuthorizationFailureCode] = {
    Fault.DENIED: AuthorizationFailureCode.DENIED,
    Fault.MISSING_SCOPES: AuthorizationFailureCode.MISSING_SCOPES,
    Fault.CLIENT_REFUSED: AuthorizationFailureCode.CLIENT_REFUSED,
    Fault.BUSY: AuthorizationFailureCode.PROVIDER_UNREACHABLE,
    Fault.UNREACHABLE: AuthorizationFailureCode.PROVIDER_UNREACHABLE,
    Fault.BROKEN: AuthorizationFailureCode.PROVIDER_UNREACHABLE,
    Fault.NOT_ALLOWED: AuthorizationFailureCode.PROVIDER_UNREACHABLE,
}

_TROUBLES: Mapping[StatusReason, Fault] = {
    StatusReason.MISSING_SCOPES: Fault.MISSING_SCOPES,
    StatusReason.CLIENT_REFUSED: Fault.CLIENT_REFUSED,
}


def refusal(failure: Failure, *, field: Sequence[str] = ()) -> Refusal:
    """Return what a mutation, or a field that asks the provider, answers with when the provider fails it."""
    return Refusal(_REFUSALS[failure.fault], failure.message, field=field, retry_after=failure.retry_after)


def reason(failure: Failure) -> StatusReason:
    """Return the reason that stands behind the status of what failed like this."""
    return _REASONS[failure.fault]


def sign_in_failure(failure: Failure) -> AuthorizationFailureCode:
    """Return why a sign-in failed whose exchange failed like this."""
    return _SIGN_IN_FAILURES.get(failure.fault, AuthorizationFailureCode.PROVIDER_REFUSED)


def standing_failure(trouble: StatusReason, message: str | None) -> Failure:
    """Return the failure of calls that are not made: the grant is in a trouble that needs re-authentication."""
    message = message or "The authorization does not work any more: sign in again."
    return Failure(_TROUBLES.get(trouble, Fault.DEAD_GRANT), message)
