"""Slack's conversations: listed, shown, joined, read back."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from app.sandbox.slack_grants import Grant
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_threads import describe_message
from app.sandbox.slack_wire import Failure
from app.sandbox.slack_world import Channel, Message, Workspace

Answer = Mapping[str, object] | Failure

_LIST_SCOPES = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "im": "im:read",
    "mpim": "mpim:read",
}


def _split(types: object) -> object:
    return [each.strip() for each in types.split(",")] if isinstance(types, str) else types


class ListChannels(BaseModel):
    cursor: str = ""
    limit: int = Field(default=100, ge=1, le=1000)
    exclude_archived: bool = False
    types: Annotated[list[Literal["public_channel", "private_channel", "mpim", "im"]], BeforeValidator(_split)] = Field(
        default=["public_channel"], min_length=1
    )


class ChannelNamed(BaseModel):
    channel: str


class ReadHistory(BaseModel):
    channel: str
    cursor: str = ""
    limit: int = Field(default=100, ge=1, le=999)
    latest: str = ""
    oldest: str = ""
    inclusive: bool = False
    include_all_metadata: bool = False


class ReadReplies(ReadHistory):
    ts: str
    limit: int = Field(default=1000, ge=1, le=1000)


def list_channels(_: SlackState, grant: Grant, arguments: ListChannels) -> Answer:
    """Return a page of channels.

    What the bot may not see and what is archived is left out of a page only after the page was cut, as at Slack: a page
    can be short, even empty, and still have a next one.
    """
    missing = [_LIST_SCOPES[kind] for kind in arguments.types if _LIST_SCOPES[kind] not in grant.scopes]
    if missing:
        return Failure("missing_scope", missing[0], ",".join(grant.scopes))
    channels = [each for each in grant.workspace.channels.values() if _type(each) in arguments.types]
    start = _position(channels, arguments.cursor)
    if start is None:
        return Failure("invalid_cursor")
    page, rest = channels[start : start + arguments.limit], channels[start + arguments.limit :]
    shown = [each for each in page if _is_listed(each, exclude_archived=arguments.exclude_archived)]
    return {
        "channels": [_describe(each, grant.workspace) for each in shown],
        "response_metadata": {"next_cursor": _encode("team", rest[0].id) if rest else ""},
    }


def show_channel(_: SlackState, grant: Grant, arguments: ChannelNamed) -> Answer:
    channel = grant.workspace.visible_channel(arguments.channel)
    if channel is None:
        return Failure("channel_not_found")
    return _refuse_scope(grant, channel, "read") or {"channel": _describe(channel, grant.workspace)}


def join_channel(_: SlackState, grant: Grant, arguments: ChannelNamed) -> Answer:
    """Put the bot into a public channel; into a private one only a person can bring it."""
    channel = grant.workspace.visible_channel(arguments.channel)
    if channel is None:
        return Failure("channel_not_found")
    if channel.is_private:
        return Failure("method_not_supported_for_channel_type")
    if channel.is_archived:
        return Failure("is_archived")
    channel.is_member = True
    return {"channel": _describe(channel, grant.workspace)}


def read_history(_: SlackState, grant: Grant, arguments: ReadHistory) -> Answer:
    """Return a page of the channel's messages, newest first, without answers that are shown in their threads only."""
    channel = _readable(grant, arguments.channel)
    if isinstance(channel, Failure):
        return channel
    shown = [each for each in reversed(channel.messages) if each.thread_ts is None or each.reply_broadcast]
    return _cut(channel, shown, arguments, is_behind=lambda ts, until: ts <= until)


def read_replies(_: SlackState, grant: Grant, arguments: ReadReplies) -> Answer:
    """Return a page of a message and what answers it, oldest first. For an answer's ts, that answer alone."""
    channel = _readable(grant, arguments.channel)
    if isinstance(channel, Failure):
        return channel
    message = channel.message(arguments.ts)
    if message is None:
        return Failure("thread_not_found")
    return _cut(channel, [message, *channel.answers_to(message)], arguments, is_behind=lambda ts, until: ts >= until)


def _readable(grant: Grant, wanted: str) -> Channel | Failure:
    channel = grant.workspace.visible_channel(wanted)
    if channel is None:
        return Failure("channel_not_found")
    refusal = _refuse_scope(grant, channel, "history")
    if refusal is not None or not channel.is_member:
        return refusal or Failure("not_in_channel")
    return channel


def _cut(
    channel: Channel, messages: Sequence[Message], arguments: ReadHistory, *, is_behind: Callable[[str, str], bool]
) -> Answer:
    until = _decode("next_ts", arguments.cursor)
    if until is None:
        return Failure("invalid_cursor")
    found = [each for each in messages if _is_within(each.ts, arguments) and (not until or is_behind(each.ts, until))]
    page, rest = found[: arguments.limit], found[arguments.limit :]
    shown = [describe_message(channel, each, with_metadata=arguments.include_all_metadata) for each in page]
    answer: dict[str, object] = {"messages": shown, "has_more": bool(rest)}
    return answer | ({"response_metadata": {"next_cursor": _encode("next_ts", rest[0].ts)}} if rest else {})


def _refuse_scope(grant: Grant, channel: Channel, deed: Literal["read", "history"]) -> Failure | None:
    needed = f"{'groups' if channel.is_private else 'channels'}:{deed}"
    return None if needed in grant.scopes else Failure("missing_scope", needed, ",".join(grant.scopes))


def _type(channel: Channel) -> str:
    return "private_channel" if channel.is_private else "public_channel"


def _is_listed(channel: Channel, *, exclude_archived: bool) -> bool:
    return not (channel.is_private and not channel.is_member) and not (channel.is_archived and exclude_archived)


def _is_within(ts: str, wanted: ReadHistory) -> bool:
    after = not wanted.oldest or ts > wanted.oldest or (wanted.inclusive and ts == wanted.oldest)
    before = not wanted.latest or ts < wanted.latest or (wanted.inclusive and ts == wanted.latest)
    return after and before


def _position(channels: Sequence[Channel], cursor: str) -> int | None:
    if not cursor:
        return 0
    wanted = _decode("team", cursor)
    return next((index for index, each in enumerate(channels) if each.id == wanted), None)


def _describe(channel: Channel, workspace: Workspace) -> dict[str, object]:
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": channel.is_member,
        "is_general": channel.name == "general",
        "context_team_id": workspace.id,
    }


def _encode(what: str, value: str) -> str:
    return base64.b64encode(f"{what}:{value}".encode()).decode()


def _decode(what: str, cursor: str) -> str | None:
    """Return what a cursor of this sort names: "" for none, None for one that is no such cursor."""
    if not cursor:
        return ""
    try:
        sort, _, value = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return value if sort == what and value else None
