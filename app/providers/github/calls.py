"""One call to GitHub's REST API, and its answer: read into a typed value, or sorted into a failure.

Sources: GitHub Enterprise Server's "Troubleshooting the REST API", "Rate limits for the REST API", "Scopes for OAuth apps"
(X-OAuth-Scopes, X-Accepted-OAuth-Scopes) and "Best practices for using the REST API" (301 where a repository was renamed).
"""

from collections.abc import Mapping
from functools import partial
from typing import TypeVar

from pydantic import TypeAdapter

from app.outbound import NotJson, Outcome, Response
from app.providers._git.calls import Api
from app.providers._git.refusals import GONE, LACKS_PERMISSION, explain_status, read_word
from app.providers._http.answers import find_mendable, read_few, read_success
from app.providers._http.statuses import explain_patience
from app.providers._http.waiting import read_reset, read_retry_after
from app.providers._oauth.tokens import read_scopes
from app.providers.contract import Failure, Fault, missing_scopes

API = Api(server="GitHub", folder="github", path="/api/v3", headers={"Accept": "application/vnd.github+json"})
SCOPES = ("repo", "user")

_PATIENCE = ("secondary rate limit", "rate limit exceeded", "abuse detection")
# The one 401 that says something of a token; "Requires authentication" says that none arrived.
_DEAD = frozenset({"bad credentials"})

T = TypeVar("T")


async def read_answer(outcome: Outcome, shape: TypeAdapter[T], *, base_url: str) -> T | Failure:
    """Read what came of a call: the shape on HTTP 200, else a failure."""
    return await read_success(outcome, shape, server=API.server, sort_refusal=partial(sort_refusal, base_url=base_url))


def read_granted(headers: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the scopes that the call's token has; None where GitHub does not say."""
    granted = headers.get("x-oauth-scopes")
    return None if granted is None else read_scopes(granted)


def sort_refusal(response: Response, *, base_url: str) -> Failure:
    """Turn an answer that is no success into a failure. Only GitHub's own word ends anything: a proxy's 401 or 404 does not."""
    status, headers, said = response.status, response.headers, read_said(response)
    message = None if said is None else said.lower()
    if status == 429 or (status == 403 and _asks_for_patience(headers, message)):  # noqa: PLR2004 - RFC 6585, section 4
        return explain_patience(status, server=API.server, wait=_read_wait(headers))
    word = read_word(response, said, is_of_a_token=message in _DEAD, api=API, base_url=base_url)
    return word if isinstance(word, Failure) else _sort_message(status, word, headers)


def read_said(response: Response) -> str | None:
    """Return what GitHub says about its refusal; None where it was not GitHub that answered."""
    body = read_few(response.body)
    match None if isinstance(body, NotJson) else body:
        case {"message": str(message)} | {"error": str(message)}:
            return message
        case _:
            return None


def _sort_message(status: int, said: str, headers: Mapping[str, str]) -> Failure:
    if status in GONE and _find_lacking(headers):
        return LACKS_PERMISSION
    if status == 403 and (known := _sort_forbidden(said)) is not None:  # noqa: PLR2004 - RFC 9110, section 15.5.4
        return known
    if status == 409:  # noqa: PLR2004 - RFC 9110, section 15.5.10
        return Failure(Fault.TARGET_GONE, "The repository is empty.")
    return explain_status(status, api=API)


def _sort_forbidden(said: str) -> Failure | None:
    if "account was suspended" in said.lower():
        return Failure(Fault.DEAD_GRANT, "The account at GitHub was suspended: ask its admin, then sign in again.")
    return find_mendable(said, server=API.server)


def _asks_for_patience(headers: Mapping[str, str], message: str | None) -> bool:
    said = message is not None and any(phrase in message for phrase in _PATIENCE)
    return said or "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"


def _read_wait(headers: Mapping[str, str]) -> float | None:
    wait = read_retry_after(headers)
    return wait if wait is not None else read_reset(headers, "x-ratelimit-reset")


def _find_lacking(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the scopes that the token lacks and should have, where the call needed one that it has not."""
    granted, accepted = read_granted(headers), read_scopes(headers.get("x-accepted-oauth-scopes", ""))
    if granted is None or not accepted or set(accepted) & set(granted):
        return ()
    return missing_scopes(granted, wanted=SCOPES)
