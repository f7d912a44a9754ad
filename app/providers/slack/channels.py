"""Posting to Slack: which channels there are, whether one can be posted to, and the message itself.

Sources: Slack's references of conversations.list, conversations.info and chat.postMessage. Public channels need no invitation
with the scope chat:write.public; in private ones the app has to be a member.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import StringConstraints

from app.outbound import Sender
from app.providers._http.answers import Answer, Many
from app.providers.contract import Authorized, Channel, ChannelPage, Failure, Fault, Posted, RunReport
from app.providers.messaging import Messaging
from app.providers.slack.calls import SlackId, call, read_answer
from app.providers.slack.messages import write_message

LARGEST_PAGE = 1000

# What a person finds in the channel's details: nobody writes a name so, and the API's own ids are longer.
_OWN_ID = re.compile(r"[CG][A-Z0-9]{7,20}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_EVENT_TYPE = "monitor_run_reported"


class _Channel(Answer):
    id: SlackId
    # Slack allows 80 characters; one that could not be shown as it is would be no name of Slack's.
    name: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\p{C}\p{Z}]+$")]
    is_private: bool
    is_archived: bool = False
    is_member: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the app can post there."""
        return not self.is_archived and (self.is_member or not self.is_private)

    def described(self) -> Channel:
        return Channel(id=self.id, name=self.name, is_private=self.is_private)


class _Paging(Answer):
    next_cursor: Annotated[str, StringConstraints(pattern=r"^[!-~]{0,1000}$")] = ""


class _ChannelList(Answer):
    channels: Many[_Channel]
    response_metadata: _Paging = _Paging()


class _ChannelInfo(Answer):
    channel: _Channel


class _Post(Answer):
    channel: SlackId
    ts: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}$")]


async def list_channels(*, authorized: Authorized, cursor: str | None, limit: int, outbound: Sender) -> ChannelPage | Failure:
    """Return one page of the channels that can be posted to. It may have fewer than `limit`, even none, and not be the last."""
    arguments = {
        "types": "public_channel,private_channel",
        "exclude_archived": "true",
        "limit": str(min(max(limit, 1), LARGEST_PAGE)),
    }
    arguments |= {"cursor": cursor} if cursor else {}
    outcome = await call("conversations.list", arguments, authorized=authorized, outbound=outbound)
    answer = await read_answer(outcome, _ChannelList)
    if isinstance(answer, Failure):
        return answer
    following = answer.response_metadata.next_cursor or None
    return ChannelPage(
        channels=tuple(channel.described() for channel in answer.channels if channel.is_open),
        # A cursor that leads to itself would be read for ever.
        next_cursor=None if following == cursor else following,
    )


def is_own_id(text: str) -> bool:
    """Whether the text looks like an id that Slack gives its channels."""
    return _OWN_ID.fullmatch(text) is not None


async def find_channel(*, authorized: Authorized, channel_id: str, outbound: Sender) -> Channel | Failure:
    """Return the channel; TARGET_GONE, with words that say what to do, where it cannot be posted to."""
    if not _CHANNEL_ID.fullmatch(channel_id):
        return _NO_CHANNEL
    arguments = {"channel": channel_id}
    outcome = await call("conversations.info", arguments, authorized=authorized, outbound=outbound)
    answer = await read_answer(outcome, _ChannelInfo)
    if isinstance(answer, Failure):
        return answer
    channel = answer.channel
    if channel.id != channel_id:
        return Failure(Fault.BROKEN, "Slack answered about another channel than it was asked about.")
    if channel.is_archived:
        return Failure(Fault.TARGET_GONE, f"The channel #{channel.name} is archived: choose another.")
    if not channel.is_open:
        return Failure(
            Fault.TARGET_GONE,
            f"The channel #{channel.name} is private and the app is not in it: invite the app there, or choose another channel.",
        )
    return channel.described()


async def post_report(
    *,
    authorized: Authorized,
    channel_id: str,
    report: RunReport,
    now: datetime,  # noqa: ARG001 - Slack says itself when a message came
    outbound: Sender,
) -> Posted | Failure:
    """Post the message about a run. The delivery's id stands in the message's metadata, by which a duplicate can be found."""
    if not _CHANNEL_ID.fullmatch(channel_id):
        return _NO_CHANNEL
    message = write_message(report)
    posting = {
        "channel": channel_id,
        "text": message.text,
        "blocks": message.blocks,
        "metadata": {"event_type": _EVENT_TYPE, "event_payload": {"delivery_id": report.delivery_id}},
        "unfurl_links": False,
        "unfurl_media": False,
    }
    answer = await read_answer(await call("chat.postMessage", json=posting, authorized=authorized, outbound=outbound), _Post)
    return answer if isinstance(answer, Failure) else Posted()


_NO_CHANNEL = Failure(Fault.TARGET_GONE, "That is no channel of Slack's: choose another.")

MESSAGING = Messaging(
    list_channels=list_channels,
    find_channel=find_channel,
    post_report=post_report,
    is_own_id=is_own_id,
    # Slack lets an app post about one message a second to a channel.
    pace=timedelta(seconds=1),
)
