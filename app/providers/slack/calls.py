"""One call to Slack's Web API, and its answer: read into a typed value, or sorted into a failure.

Source: Slack's "Using the Web API": HTTP 200 with `ok`, and `error` beside `"ok": false`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, PlainValidator, StringConstraints, ValidationError

from app.outbound import (
    BadAnswer,
    Bearer,
    Endpoint,
    NotAllowed,
    NotJson,
    Outbound,
    Outcome,
    Request,
    Response,
    Unreachable,
)
from app.providers._http.answers import beside_the_loop, explain_gate, parse_answer
from app.providers.contract import Authorized, Failure, Fault
from app.providers.slack.faults import read_scopes, sort_refusal, sort_status
from app.sealing.secret import Secret

_LONGEST_WORDS = 300
# What can travel in a header, and has no space that would end it.
_TOKEN = re.compile(r"[!-~]{1,4096}")


class Answer(BaseModel):
    """What a method answers when it has worked. Types are exact: "true" is no boolean, 1.0 no whole number."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


def _read_token(value: object) -> Secret:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("no token")
    return Secret(value)


def _read_comma_list(value: object) -> tuple[str, ...]:
    scopes = read_scopes(value) if isinstance(value, str) else None
    if scopes is None:
        raise ValueError("no scopes")
    return scopes


Token = Annotated[Secret, PlainValidator(_read_token)]
Scopes = Annotated[tuple[str, ...], PlainValidator(_read_comma_list)]
SlackId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")]

A = TypeVar("A", bound=Answer)


class _Refusal(Answer):
    error: str


async def call(
    method: str,
    arguments: Mapping[str, str] | None = None,
    *,
    authorized: Authorized,
    outbound: Outbound,
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
    match outcome:
        case NotAllowed(message):
            return Failure(Fault.NOT_ALLOWED, message[:_LONGEST_WORDS])
        case Unreachable(_, message):
            return Failure(Fault.UNREACHABLE, f"Slack cannot be reached: {message}."[:_LONGEST_WORDS])
        case BadAnswer(message):
            return Failure(Fault.BROKEN, f"Slack's answer cannot be used: {message}."[:_LONGEST_WORDS])
        case Response():
            return await beside_the_loop(lambda: _read_response(outcome, answer), size=len(outcome.body))


def read_granted(outcome: Outcome) -> tuple[str, ...] | None:
    """Return the scopes that the call's token has (the header X-OAuth-Scopes); None where Slack does not say."""
    return read_scopes(outcome.headers.get("x-oauth-scopes")) if isinstance(outcome, Response) else None


def _read_response(response: Response, answer: type[A]) -> A | Failure:
    failure = sort_status(response.status, headers=response.headers)
    if failure is not None:
        return failure
    body = parse_answer(response.body)
    is_slacks = isinstance(body, dict) and body.get("ok") is False
    if response.status in {401, 407} and not is_slacks:
        return explain_gate(response.status, server="Slack")
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
