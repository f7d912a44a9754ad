"""One call to GitLab's REST API, and its answer: read into a typed value, or sorted into a failure.

Sources: GitLab's "REST API" (status codes, redirects, encoding, pagination), its "OAuth 2.0 identity provider API", and
lib/api/api_guard.rb, whose descriptions alone tell an expired token from a revoked one; RFC 6750, section 3, for the header
that says the same.
"""

import re
from functools import partial
from typing import TypeVar

from pydantic import TypeAdapter

from app.outbound import NotJson, Outcome, Response
from app.providers._git.calls import Api
from app.providers._http import statuses
from app.providers._http.answers import explain_gate, explain_redirect, find_mendable, read_few, read_success
from app.providers.contract import Failure, Fault

API = Api(server="GitLab", folder="gitlab", path="/api/v4", pages=("page", "page_token", "id_after", "cursor"))
SCOPES = ("api",)

_GONE = frozenset({403, 404, 410, 451})
_IS_GONE = "GitLab has no such project, branch or file, or does not show it to this account."
_OF_A_TOKEN = ("token was revoked", "token is expired", "bad access token", "impersonation is disabled")
_GATES = frozenset({401, 407})
_BLOCKED = re.compile(r"your account (?:has been|is) \w*|your user is blocked")

T = TypeVar("T")


async def read_answer(outcome: Outcome, shape: TypeAdapter[T], *, base_url: str) -> T | Failure:
    """Read what came of a call: the shape on HTTP 200, else a failure."""
    return await read_success(outcome, shape, server=API.server, sort_refusal=partial(sort_refusal, base_url=base_url))


def sort_refusal(response: Response, *, base_url: str) -> Failure:
    """Turn an answer that is no success into a failure. Only GitLab's own word ends anything: a proxy's 401 or 404 does not."""
    failure = sort_status(response, base_url=base_url)
    if failure is not None:
        return failure
    message = _read_said(response)
    if response.status in _GATES and not _is_of_a_token(message):
        return explain_gate(response.status, server=API.server)
    if message is None:
        return Failure(Fault.BROKEN, f"GitLab's answer (HTTP {response.status}) makes no sense.")
    return _sort_words(response.status, message)


def sort_status(response: Response, *, base_url: str) -> Failure | None:
    """Turn an HTTP status that speaks for itself into a failure; None where the body has the word."""
    if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110, section 15.4
        return explain_redirect(response, api=API.of(base_url), server=API.server)
    return statuses.sort_status(response, server=API.server)


def read_words(response: Response) -> str | None:
    """Return what GitLab says about its refusal, in small letters; None where it was not GitLab that answered."""
    said = _read_said(response)
    return None if said is None else said.lower()


def _read_said(response: Response) -> str | None:
    body = read_few(response.body)
    match None if isinstance(body, NotJson) else body:
        case {"error": str(error), **rest}:
            return f"{error} {rest.get('error_description', '')}"
        case {"message": message}:
            return str(message)
        case _:
            return None


def _sort_words(status: int, said: str) -> Failure:
    lowered = said.lower()
    if status == 401:  # noqa: PLR2004 - RFC 9110, section 15.5.2
        if "token is expired" in lowered:
            return Failure(Fault.EXPIRED, "The access token has expired.")
        return Failure(Fault.DEAD_GRANT, "GitLab does not accept the authorization any more: sign in again.")
    if status == 403 and "insufficient_scope" in lowered:  # noqa: PLR2004 - RFC 6750, section 3.1
        message = "The authorization lacks a permission: sign in again and allow everything asked for."
        return Failure(Fault.MISSING_SCOPES, message)
    if status == 403 and (known := _sort_forbidden(said)) is not None:  # noqa: PLR2004 - RFC 9110, section 15.5.4
        return known
    if status in _GONE:
        return Failure(Fault.TARGET_GONE, _IS_GONE)
    return Failure(Fault.REFUSED, f"GitLab refused (HTTP {status}).")


def _sort_forbidden(said: str) -> Failure | None:
    mendable = find_mendable(said.removeprefix("403 Forbidden").removeprefix(" - "), server=API.server)
    if mendable is None and _BLOCKED.search(said.lower()):
        return Failure(Fault.DEAD_GRANT, "GitLab has blocked the account: ask its admin, then sign in again.")
    return mendable


def _is_of_a_token(said: str | None) -> bool:
    """Whether it is what GitLab itself says of a token: anybody between it and us can answer 401."""
    lowered = (said or "").lower()
    return lowered == "401 unauthorized" or (
        lowered.startswith("invalid_token ") and any(each in lowered for each in _OF_A_TOKEN)
    )
