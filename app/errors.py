"""Everything that can be said to a caller when it cannot go on.

::

    ServiceError
    ├── Refusal            a row of `userErrors`: a well-written client can meet it; nothing was changed
    ├── RequestRefused     a GraphQL error with a code
    │   ├── Unauthenticated, Forbidden, BadUserInput, CursorExpired, CursorInvalid,
    │   ├── PersistedQueryNotFound, RateLimited, TooComplex
    │   └── Unavailable
    │       ├── Overdue              it was begun, took too long and was given up
    │       ├── TryAgainLater        a listener cannot be told for long: it comes back with its cursor
    │       └── DatabaseAway         the database cannot do it now; nothing was written
    │           └── OutcomeUnknown   … but for this: it was cut off while it was being saved
    ├── StatedProblem      a command cannot do what was asked (exit 1)
    ├── ConfigurationError the operator has to set something right (exit 78); names the setting
    └── SealError          a sealed value does not open
        ├── KeyUnavailable the key that it needs is not in the keyring
        └── SealBroken     it was changed, moved or sealed for another place

`graphql/errors.py` translates them for clients, `__main__.py` for the command line. All else is a bug, and is shown as INTERNAL.
"""

from collections.abc import Sequence
from enum import StrEnum


class UserErrorCode(StrEnum):
    """The code of a refusal; the contract's enum, member for member."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    CONFLICT = "CONFLICT"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    AUTHORIZATION_PENDING = "AUTHORIZATION_PENDING"
    AUTHORIZATION_FAILED = "AUTHORIZATION_FAILED"
    AUTHORIZATION_USED = "AUTHORIZATION_USED"
    AUTHORIZATION_EXPIRED = "AUTHORIZATION_EXPIRED"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    MISSING_SCOPES = "MISSING_SCOPES"
    SIGN_IN_REQUIRED = "SIGN_IN_REQUIRED"
    ADDRESS_NOT_ALLOWED = "ADDRESS_NOT_ALLOWED"
    CLIENT_REFUSED = "CLIENT_REFUSED"
    PROVIDER_REFUSED = "PROVIDER_REFUSED"
    PROVIDER_UNREACHABLE = "PROVIDER_UNREACHABLE"
    PROVIDER_BUSY = "PROVIDER_BUSY"


class ServiceError(Exception):
    """The root. `message` is written for a person: what is wrong and what to do about it; never a secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refusal(ServiceError):
    """The action is refused. `field` is the path in the mutation's input when one field is at fault (camelCase names)."""

    def __init__(
        self,
        code: UserErrorCode,
        message: str,
        *,
        field: Sequence[str] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = tuple(field)
        self.retry_after = retry_after


class RequestRefused(ServiceError):
    """The request as a whole is refused; `code` is what clients find in `extensions.code`."""

    code = "INTERNAL"


class Unauthenticated(RequestRefused):
    """Nobody known is asking."""

    code = "UNAUTHENTICATED"


class Forbidden(RequestRefused):
    """The access token's scopes do not reach that far."""

    code = "FORBIDDEN"


class BadUserInput(RequestRefused):
    """An argument makes no sense."""

    code = "BAD_USER_INPUT"


class CursorExpired(RequestRefused):
    """The events behind the cursor are gone: read the lists again and go on from a fresh `eventCursor`."""

    code = "CURSOR_EXPIRED"


class CursorInvalid(RequestRefused):
    """No cursor of this team looks like that."""

    code = "CURSOR_INVALID"


class PersistedQueryNotFound(RequestRefused):
    """No document of that hash is known: send it along. Clients look for these very words, and for the code."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class RateLimited(RequestRefused):
    """Too many requests. `retry_after` is after how many seconds to ask again, where that is known."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooComplex(RequestRefused):
    """The operation asks for more than one operation may."""

    code = "TOO_COMPLEX"


class Unavailable(RequestRefused):
    """The database or another part the service stands on is away; asking again later may help."""

    code = "UNAVAILABLE"


class Overdue(Unavailable):
    """The operation was begun, and given up at its deadline."""


class TryAgainLater(Unavailable):
    """A listener's event could not be read for a long time. It is no event's error: the listener is sent away.

    `fault` is what came in the way the last time, for the log.
    """

    def __init__(self, *, fault: str) -> None:
        super().__init__("What has happened cannot be told at the moment: come back later, with the cursor of the last event.")
        self.fault = fault


class DatabaseAway(Unavailable):
    """The database cannot do it now: it is away, at its limits or in somebody's way. What was to be written was not.

    `fault` is what it said itself, for the log. `passes`: trying again at once, on another connection, may work. `is_silent`: it
    did not say that it refused; whether what was sent last has been done is open.
    """

    def __init__(self, message: str, *, fault: str, passes: bool = False, is_silent: bool = False) -> None:
        super().__init__(message)
        self.fault = fault
        self.passes = passes
        self.is_silent = is_silent


class OutcomeUnknown(DatabaseAway):
    """The database was lost while a change was being committed: it may have been done."""


class StatedProblem(ServiceError):
    """A command cannot do what it was asked; exit code 1."""


class ConfigurationError(ServiceError):
    """The service cannot start like this; exit code 78. The message names the setting."""


class SealError(ServiceError):
    """A sealed value does not open."""


class KeyUnavailable(SealError):
    """The keyring has no key that opens it; `key_id` names the one it needs."""

    def __init__(self, message: str, *, key_id: str) -> None:
        super().__init__(message)
        self.key_id = key_id


class SealBroken(SealError):
    """It was altered, moved to another place, or belongs to another generation or origin."""
