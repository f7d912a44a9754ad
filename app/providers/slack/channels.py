"""Posting to Slack: which channels there are, whether one can be posted to, and the message itself.

Sources: Slack's references of conversations.list, conversations.info, chat.postMessage and chat.getPermalink. Public channels
need no invitation with the scope chat:write.public; in private ones the app has to be a member. An answer whose parent is gone is
refused by nobody: Slack posts it to the channel, and its answer then names no thread.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import StringConstraints

from app.outbound import Sender
from app.providers._http.answers import Answer, Many, web_address
from app.providers.activity import ActivityReport
from app.providers.contract import Authorized, Channel, ChannelPage, Failure, Fault, Posted, PostedMessage, RunReport
from app.providers.messaging import Messaging, Thread
from app.providers.slack.activity import write_activity
from app.providers.slack.calls import SlackId, call, read_answer
from app.providers.slack.mentions import name_mention
from app.providers.slack.messages import Message, write_message

LARGEST_PAGE = 1000

# What a person finds in the channel's details: nobody writes a name so, and the API's own ids are longer.
_OWN_ID = re.compile(r"[CG][A-Z0-9]{7,20}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_EVENT_TYPE = "monitor_run_reported"
_ACTIVITY_TYPE = "team_activity_recorded"


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
    message: object = None

    def posted(self) -> Posted:
        return Posted(PostedMessage(self.channel, self.ts, self._thread()))

    def _thread(self) -> str | None:
        """Return what it answers. What else Slack says of it is not needed: the message stands."""
        match self.message:
            case {"thread_ts": str() as ts} if ts != self.ts and _TS.fullmatch(ts):
                return ts
            case _:
                return None


class _Permalink(Answer):
    permalink: str


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
    thread: Thread | None = None,
    mention: str | None = None,
) -> Posted | Failure:
    """Post the message about a run. The delivery's id stands in the message's metadata, by which a duplicate can be found.

    Where the channel, or what is to be answered, takes no answers, it is posted as a message of its own.
    """
    if not _CHANNEL_ID.fullmatch(channel_id):
        return _NO_CHANNEL
    posting = _write_posting(
        write_message(report, mention=mention), _EVENT_TYPE, channel_id=channel_id, delivery_id=report.delivery_id
    )
    if thread is not None:
        answering = posting | {"thread_ts": thread.id, "reply_broadcast": thread.in_channel_too}
        answered = await _post(answering, authorized=authorized, outbound=outbound)
        if not isinstance(answered, Failure) or answered.fault is not Fault.TARGET_GONE:
            return answered
    return await _post(posting, authorized=authorized, outbound=outbound)


async def post_activity(
    *,
    authorized: Authorized,
    channel_id: str,
    report: ActivityReport,
    now: datetime,  # noqa: ARG001 - as above
    outbound: Sender,
) -> Posted | Failure:
    """Post the message about the team's log, with the delivery's id as `post_report` has it."""
    if not _CHANNEL_ID.fullmatch(channel_id):
        return _NO_CHANNEL
    message, delivery_id = write_activity(report), report.delivery_id
    posting = _write_posting(message, _ACTIVITY_TYPE, channel_id=channel_id, delivery_id=delivery_id)
    return await _post(posting, authorized=authorized, outbound=outbound)


async def find_link(*, authorized: Authorized, message: PostedMessage, outbound: Sender) -> str | Failure:
    """Return the message's permalink. It needs no scope."""
    arguments = {"channel": message.channel_id, "message_ts": message.id}
    outcome = await call("chat.getPermalink", arguments, authorized=authorized, outbound=outbound)
    answer = await read_answer(outcome, _Permalink)
    if isinstance(answer, Failure):
        return answer
    return web_address(answer.permalink) or Failure(Fault.BROKEN, "Slack answered with what is no web address.")


async def _post(posting: Mapping[str, object], *, authorized: Authorized, outbound: Sender) -> Posted | Failure:
    answer = await read_answer(await call("chat.postMessage", json=posting, authorized=authorized, outbound=outbound), _Post)
    return answer if isinstance(answer, Failure) else answer.posted()


def _write_posting(message: Message, event_type: str, *, channel_id: str, delivery_id: str) -> dict[str, object]:
    return {
        "channel": channel_id,
        "text": message.text,
        "blocks": message.blocks,
        "metadata": {"event_type": event_type, "event_payload": {"delivery_id": delivery_id}},
        "unfurl_links": False,
        "unfurl_media": False,
    }


_NO_CHANNEL = Failure(Fault.TARGET_GONE, "That is no channel of Slack's: choose another.")

MESSAGING = Messaging(
    list_channels=list_channels,
    find_channel=find_channel,
    post_report=post_report,
    post_activity=post_activity,
    is_own_id=is_own_id,
    # Slack lets an app post about one message a second to a channel.
    pace=timedelta(seconds=1),
    has_threads=True,
    find_link=find_link,
    name_mention=name_mention,
)
