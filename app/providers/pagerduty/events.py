"""Sending events to PagerDuty: 202 says that it has taken one, 429 and 5xx to come back, 400 that it never will.

Sources: Events API v2, "Response Codes & Retry Logic" and "Alert De-Duplication": a trigger for a key that is open is added to
its alert, one for a resolved key opens another, and a resolution of what is not open is dropped. What a 400 says of a key is not
specified: "Invalid routing key" and "Length of 'routing_key' is incorrect" have been seen, in JSON and without.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from pydantic import TypeAdapter

from app.outbound import Endpoint, OddUrl, Outcome, Request, Response, Sender, parse_url
from app.providers._http.answers import Answer, explain_gate, explain_silence, parse
from app.providers._http.statuses import explain_patience
from app.providers._http.waiting import read_retry_after
from app.providers.contract import Alive, Authorized, Failure, Fault, Posted, RunReport
from app.providers.incidents import Incidents, Severity
from app.providers.pagerduty.alerts import write_resolution, write_trigger
from app.providers.pagerduty.keys import ROUTING_KEY, enqueue_url, identity_of
from app.providers.shared_secrets import split_fields

SERVER = "PagerDuty"
NEVER_OPENED = "installed-apps-check"
"""The key of an incident that is never opened."""

_PACE = timedelta(milliseconds=500)
"""A key may send 120 events a minute."""
_PATIENCE_SECONDS = 60.0
_WORDS_READ = 4_096


async def check(*, authorized: Authorized, outbound: Sender) -> Alive | Failure:
    """Have an incident resolved that there never was: PagerDuty drops that, but takes it from a key that it knows only.

    There is no call that tries a key without an event. This one wakes nobody and is shown nowhere.
    """
    answer = await resolve(authorized=authorized, key=NEVER_OPENED, outbound=outbound)
    if isinstance(answer, Failure):
        return answer
    fields = split_fields(authorized.access)
    url = parse_url(enqueue_url(fields))
    return (
        Failure(Fault.BROKEN, "What was pasted names no address.") if isinstance(url, OddUrl) else Alive(identity_of(fields, url))
    )


async def trigger(
    *, authorized: Authorized, key: str, report: RunReport, severity: Severity, outbound: Sender
) -> Posted | Failure:
    """Send the event that opens an alert, and by it an incident."""
    return await _send(write_trigger(report, key=key, severity=severity), authorized=authorized, outbound=outbound)


async def resolve(*, authorized: Authorized, key: str, outbound: Sender) -> Posted | Failure:
    """Send the event that resolves it."""
    return await _send(write_resolution(key), authorized=authorized, outbound=outbound)


async def _send(event: Mapping[str, object], *, authorized: Authorized, outbound: Sender) -> Posted | Failure:
    fields = split_fields(authorized.access)
    request = Request(
        "POST",
        enqueue_url(fields),
        json={"routing_key": fields[ROUTING_KEY], **event},
        endpoint=Endpoint("pagerduty", "enqueue"),
    )
    return await _sort(await outbound.send(request, origin=authorized.origin, certificates=authorized.certificates))


async def _sort(outcome: Outcome) -> Posted | Failure:
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=SERVER)
    if outcome.status != 202:  # noqa: PLR2004 - RFC 9110, section 15.3.3
        return _sort_refusal(outcome)
    answer = await parse(outcome.body, _ACCEPTED, server=SERVER)
    return answer if isinstance(answer, Failure) else Posted()


def _sort_refusal(response: Response) -> Failure:
    wait = read_retry_after(response.headers)
    match response.status:
        case 400 if _is_about_key(response.body):
            return Failure(Fault.DEAD_GRANT, _KEY_REFUSED)
        case 429:
            return explain_patience(429, server=SERVER, wait=wait or _PATIENCE_SECONDS)
        case 401 | 407 as status:
            return explain_gate(status, server=SERVER)
        case status if 400 <= status < 500:  # noqa: PLR2004 - RFC 9110, section 15.5
            return Failure(Fault.REFUSED, f"{SERVER} did not take the event (HTTP {status}).")
        case status:
            return Failure(Fault.BROKEN, f"{SERVER} did not take the event (HTTP {status}).", retry_after=wait)


def _is_about_key(body: bytes) -> bool:
    words = body[:_WORDS_READ].decode("utf-8", "replace").lower()
    return "routing_key" in words or "routing key" in words


class _Accepted(Answer):
    status: Literal["success"]


_ACCEPTED = TypeAdapter(_Accepted)
_KEY_REFUSED = (
    f"{SERVER} does not know this integration key (any more), or it is for another service region: a Team Admin has to paste the "
    "key of an integration of the type Events API v2."
)

INCIDENTS = Incidents(trigger=trigger, resolve=resolve, pace=_PACE)
