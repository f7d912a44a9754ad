"""Trading the code of a callback (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""

from collections.abc import Mapping
from dataclasses import replace

from app.providers.contract import Alive, Failure, Fault, Identity, Tokens, Unwanted
from app.sealing.secret import Secret


def code_form(*, code: Secret, verifier: Secret, redirect_uri: str) -> Mapping[str, str | Secret]:
    """Return the form that is sent to the token endpoint; the client's id and secret are not in it."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }


def identify(tokens: Tokens, alive: Alive | Failure) -> tuple[Tokens, Identity] | Unwanted:
    """Return the tokens with whose they are, as the check with them has found; Unwanted where it did not find that."""
    return Unwanted(tokens, alive) if isinstance(alive, Failure) else (tokens, alive.identity)


def refused_code(failure: Failure, *, message: str | None = None) -> Failure:
    """Return the failure of an exchange: there is no grant yet that could be dead. `message` is said in its place then."""
    if failure.fault is not Fault.DEAD_GRANT:
        return failure
    return replace(failure, fault=Fault.REFUSED, message=message or failure.message)
