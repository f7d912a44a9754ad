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
from app.providers._git.refusals import LACKS_PERMISSION, explain_status, read_word
from app.providers._http.answers import find_mendable, read_few, read_success
from app.providers.contract import Failure, Fault

_PAGES = ("page", "page_token", "id_after", "cursor")
API = Api(server="GitLab", folder="gitlab", path="/api/v4", repository="project", pages=_PAGES)
SCOPES = ("api",)

_OF_A_TOKEN = ("token was revoked", "token is expired", "bad access token", "impersonation is disabled")
_BLOCKED = re.compile(r"your account (?:has been|is) \w*|your user is blocked")

T = TypeVar("T")


async def read_answer(outcome: Outcome, shape: TypeAdapter[T], *, base_url: str) -> T | Failure:
    """Read what came of a call: the shape on HTTP 200, else a failure."""
    return await read_success(outcome, shape, server=API.server, sort_refusal=partial(sort_refusal, base_url=base_url))


def sort_refusal(response: Response, *, base_url: str) -> Failure:
    """Turn an answer that is no success into a failure. Only GitLab's own word ends anything: a proxy's 401 or 404 does not."""
    said = read_said(response)
    word = read_word(response, said, is_of_a_token=_is_of_a_token(said), api=API, base_url=base_url)
    return word if isinstance(word, Failure) else _sort_words(response.status, word)


def read_said(response: Response) -> str | None:
    """Return what GitLab says about its refusal; None where it was not GitLab that answered."""
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
    if status == 401 and "token is expired" in lowered:  # noqa: PLR2004 - RFC 9110, section 15.5.2
        return Failure(Fault.EXPIRED, "The access token has expired.")
    if status == 403 and "insufficient_scope" in lowered:  # noqa: PLR2004 - RFC 6750, section 3.1
        return LACKS_PERMISSION
    if status == 403 and (known := _sort_forbidden(said)) is not None:  # noqa: PLR2004 - RFC 9110, section 15.5.4
        return known
    return explain_status(status, api=API)


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
