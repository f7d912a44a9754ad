"""Why a Git server gave nothing, as far as all of them say it alike.

Only a server's own word ends anything: anybody between it and us can answer 401 or 404.
"""

from app.outbound import Response
from app.providers._git.calls import Api
from app.providers._http import statuses
from app.providers._http.answers import explain_gate, explain_redirect
from app.providers.contract import Failure, Fault

LACKS_PERMISSION = Failure(
    Fault.MISSING_SCOPES, "The authorization lacks a permission: sign in again and allow everything asked for."
)

GONE = frozenset({403, 404, 410, 451})
"""Statuses of what is not there, or not for the one who asks."""

_GATES = frozenset({401, 407})


def read_word(response: Response, said: str | None, *, is_of_a_token: bool, api: Api, base_url: str) -> str | Failure:
    """Return what the server itself said, or what the answer means without that.

    `said` is what its words would be, None where there are none; `is_of_a_token`: they are what it says of a token.
    """
    failure = sort_status(response, api=api, base_url=base_url)
    if failure is not None:
        return failure
    if response.status in _GATES and not is_of_a_token:
        return explain_gate(response.status, server=api.server)
    if said is None:
        return Failure(Fault.BROKEN, f"{api.server}'s answer (HTTP {response.status}) makes no sense.")
    return said


def sort_status(response: Response, *, api: Api, base_url: str) -> Failure | None:
    """Turn an HTTP status that speaks for itself into a failure; None where the body decides."""
    if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110, section 15.4
        return explain_redirect(response, api=api.of(base_url), server=api.server)
    return statuses.sort_status(response, server=api.server)


def explain_status(status: int, *, api: Api) -> Failure:
    """Return what the status means where the server's words add nothing to it."""
    if status == 401:  # noqa: PLR2004 - RFC 9110, section 15.5.2
        return Failure(Fault.DEAD_GRANT, f"{api.server} does not accept the authorization any more: sign in again.")
    if status in GONE:
        message = f"{api.server} has no such {api.repository}, branch or file, or does not show it to this account."
        return Failure(Fault.TARGET_GONE, message)
    return Failure(Fault.REFUSED, f"{api.server} refused (HTTP {status}).")
