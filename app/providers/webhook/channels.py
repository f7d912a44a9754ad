"""Posting to a webhook. Its one channel is the address itself.

Source: the Standard Webhooks specification: any 2xx is a success, 410 says that the address is gone, and what else is answered is
tried again. Redirects are not followed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson

from app.outbound import Endpoint, Outcome, Request, Response, Sender
from app.providers._http.answers import explain_silence
from app.providers._http.statuses import explain_patience
from app.providers._http.waiting import read_retry_after
from app.providers.activity import ActivityReport
from app.providers.contract import Authorized, Channel, ChannelPage, Failure, Fault, Posted, RunReport
from app.providers.messaging import Messaging, Thread
from app.providers.shared_secrets import Fields, split_fields
from app.providers.webhook.messages import write_activity, write_message
from app.providers.webhook.secrets import PREVIOUS, SIGNING, URL, decode
from app.providers.webhook.signatures import sign

SERVER = "The webhook's address"
CHANNEL = "address"


async def list_channels(*, authorized: Authorized, cursor: str | None, limit: int, outbound: Sender) -> ChannelPage | Failure:  # noqa: ARG001 - there is one, and nobody to ask
    """Return the one channel."""
    return ChannelPage((_channel(authorized),) if cursor is None else (), None)


async def find_channel(*, authorized: Authorized, channel_id: str, outbound: Sender) -> Channel | Failure:  # noqa: ARG001 - there is nobody to ask
    """Return the one channel; TARGET_GONE for any other."""
    return _channel(authorized) if channel_id == CHANNEL else _NO_CHANNEL


async def post_report(
    *,
    authorized: Authorized,
    channel_id: str,
    report: RunReport,
    now: datetime,
    outbound: Sender,
    thread: Thread | None = None,  # noqa: ARG001 - there are none
    mention: str | None = None,  # noqa: ARG001 - as above
) -> Posted | Failure:
    """Post the message about a run. `webhook-id` is the delivery's id, by which a duplicate can be found."""
    if channel_id != CHANNEL:
        return _NO_CHANNEL
    return await _post(write_message(report), id=report.delivery_id, authorized=authorized, now=now, outbound=outbound)


async def post_activity(
    *, authorized: Authorized, channel_id: str, report: ActivityReport, now: datetime, outbound: Sender
) -> Posted | Failure:
    """Post the message about the team's log, with the delivery's id as `post_report` has it."""
    if channel_id != CHANNEL:
        return _NO_CHANNEL
    return await _post(write_activity(report), id=report.delivery_id, authorized=authorized, now=now, outbound=outbound)


async def _post(
    message: Mapping[str, object], *, id: str, authorized: Authorized, now: datetime, outbound: Sender
) -> Posted | Failure:
    fields = split_fields(authorized.access)
    headers = sign(id=id, at=now, body=orjson.dumps(message), keys=_keys(fields))
    request = Request("POST", fields[URL].reveal(), headers=headers, json=message, endpoint=Endpoint("webhook", "post"))
    return _sort(await outbound.send(request, origin=authorized.origin, certificates=authorized.certificates))


def is_own_id(text: str, /) -> bool:
    return text == CHANNEL


def _channel(authorized: Authorized) -> Channel:
    return Channel(id=CHANNEL, name=authorized.origin.partition("://")[2], is_private=False)


def _keys(fields: Fields) -> list[bytes]:
    keys = [decode(fields[name]) for name in (SIGNING, PREVIOUS) if name in fields]
    return [key for key in keys if key is not None]


def _sort(outcome: Outcome) -> Posted | Failure:
    match outcome:
        case Response(status=status, headers=headers):
            wait = read_retry_after(headers)
        case _:
            return explain_silence(outcome, server=SERVER)
    if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110, section 15.3
        return Posted()
    if status == 410:  # noqa: PLR2004 - RFC 9110, section 15.5.11
        return Failure(Fault.TARGET_GONE, f"{SERVER} says that it is gone (HTTP 410): choose another webhook.")
    if status == 429:  # noqa: PLR2004 - RFC 6585, section 4
        return explain_patience(status, server=SERVER, wait=wait)
    if 300 <= status < 400:  # noqa: PLR2004 - RFC 9110, section 15.4
        message = f"{SERVER} sends on to another address (HTTP {status}), which is not followed."
        return Failure(Fault.BROKEN, message)
    return Failure(Fault.BROKEN, f"{SERVER} did not take the message (HTTP {status}).", retry_after=wait)


_NO_CHANNEL = Failure(Fault.TARGET_GONE, "A webhook has one channel, which is its address.")

MESSAGING = Messaging(
    list_channels=list_channels,
    find_channel=find_channel,
    post_report=post_report,
    post_activity=post_activity,
    is_own_id=is_own_id,
    pace=timedelta(),
)
