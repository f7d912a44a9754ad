"""One call to Slack's Web API, and its answer: read into a typed value, or sorted into a failure.

Source: Slack's "Using the Web API": HTTP 200 with `ok`, and `error` beside `"ok": false`.
"""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import StringConstraints, ValidationError

from app.outbound import Bearer, Endpoint, NotJson, Outcome, Request, Response, Sender
from app.providers._http.answers import Answer, beside_the_loop, explain_gate, explain_silence, parse_answer
from app.providers._http.statuses import sort_status
from app.providers._oauth.tokens import read_scopes
from app.providers.contract import Authorized, Failure, Fault
from app.providers.slack.faults import sort_refusal

SERVER = "Slack"
SCOPES = ("chat:write", "chat:write.public", "channels:read", "groups:read")

SlackId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")]

A = TypeVar("A", bound=Answer)


class _Refusal(Answer):
    error: str


async def call(
    method: str,
    arguments: Mapping[str, str] | None = None,
    *,
    authorized: Authorized,
    outbound: Sender,
    json: Mapping[str, object] | None = None,
) -> Outcome:
    """Call a method for a grant, with a form or with JSON."""
    url = f"{authorized.base_url}/api/{method}"
    form = None if json is not None else arguments or {}
    endpoint = Endpoint("slack", method)
    request = Request("POST", url, form=form, json=json, credential=Bearer(authorized.access), endpoint=endpoint)
    return await outbound.send(request, origin=authorized.origin, certificates=authorized.certificates)


async def read_answer(outcome: Outcome, answer: type[A]) -> A | Failure:
    """Read what came of a call: `answer` on HTTP 200 with `"ok": true` and everything that it needs, else a failure."""
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=SERVER)
    return await beside_the_loop(lambda: _read_response(outcome, answer), size=len(outcome.body))


def read_granted(outcome: Outcome) -> tuple[str, ...] | None:
    """Return the scopes that the call's token has (the header X-OAuth-Scopes); None where Slack does not say."""
    granted = outcome.headers.get("x-oauth-scopes") if isinstance(outcome, Response) else None
    return None if granted is None else read_scopes(granted)


def _read_response(response: Response, answer: type[A]) -> A | Failure:
    failure = sort_status(response, server=SERVER)
    if failure is not None:
        return failure
    body = parse_answer(response.body)
    is_slacks = isinstance(body, dict) and body.get("ok") is False
    if response.status in {401, 407} and not is_slacks:
        return explain_gate(response.status, server=SERVER)
    if isinstance(body, NotJson):
        return Failure(Fault.BROKEN, f"Slack's answer (HTTP {response.status}) cannot be read: {body.message}.")
    try:
        match body:
            case {"ok": True} if response.status == 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
                return answer.model_validate(body)
            case {"ok": False}:
                return sort_refusal(_Refusal.model_validate(body).error, headers=response.headers)
    except ValidationError:
        pass
    return Failure(Fault.BROKEN, f"Slack's answer (HTTP {response.status}) makes no sense.")
