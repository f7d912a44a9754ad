"""Slack's chat.postMessage, chat.delete and chat.getPermalink."""

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, JsonValue

from app.sandbox.slack_app import APP_ID
from app.sandbox.slack_blocks import blocks_are_valid
from app.sandbox.slack_grants import Grant
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_threads import describe_message, parent_of
from app.sandbox.slack_wire import Failure
from app.sandbox.slack_world import Channel, Message

_TEXT_LIMIT = 40_000
_BLOCKS_LIMIT = 50
_ATTACHMENTS_LIMIT = 100


def _unpack(value: object) -> object:
    """Forms, and some JSON clients, send nested JSON as text."""
    return json.loads(value) if isinstance(value, str) else value


class MessageMetadata(BaseModel):
    event_type: str
    event_payload: dict[str, JsonValue]


class PostMessage(BaseModel):
    channel: str = ""
    text: str = ""
    blocks: Annotated[list[JsonValue], BeforeValidator(_unpack)] = []
    attachments: Annotated[list[JsonValue], BeforeValidator(_unpack)] = []
    metadata: Annotated[MessageMetadata | None, BeforeValidator(_unpack)] = None
    thread_ts: str | None = None
    reply_broadcast: bool = False
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None


class DeleteMessage(BaseModel):
    channel: str
    ts: str


class GetPermalink(BaseModel):
    channel: str
    message_ts: str


def post_message(slack: SlackState, grant: Grant, wanted: PostMessage) -> Mapping[str, object] | Failure:
    """Keep the message and show it, or say why it cannot be posted. An answer to what is not there is one to nothing."""
    channel = grant.workspace.visible_channel(wanted.channel)
    if channel is None:
        return Failure("channel_not_found")
    refusal = _refuse_channel(grant, channel) or _refuse_content(wanted)
    if refusal is not None:
        return refusal
    message = _compose(slack, grant, wanted, parent=parent_of(channel, wanted.thread_ts))
    channel.messages.append(message)
    return {"channel": channel.id, "ts": message.ts, "message": describe_message(channel, message, with_metadata=True)}


def delete_message(_: SlackState, grant: Grant, wanted: DeleteMessage) -> Mapping[str, object] | Failure:
    """Take away a message of the app's own."""
    channel = grant.workspace.visible_channel(wanted.channel)
    if channel is None:
        return Failure("channel_not_found")
    message = channel.message(wanted.ts)
    if message is None or message.is_tombstone:
        return Failure("message_not_found")
    if message.user != grant.user_id:
        return Failure("cant_delete_message")
    channel.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(_: SlackState, grant: Grant, wanted: GetPermalink) -> Mapping[str, object] | Failure:
    """Return the address of a message that is there. It takes no scope."""
    channel = grant.workspace.visible_channel(wanted.channel)
    if channel is None:
        return Failure("channel_not_found")
    message = channel.message(wanted.message_ts)
    if message is None or message.is_tombstone:
        return Failure("message_not_found")
    page = f"https://{grant.workspace.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    of_thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts is not None else ""
    return {"channel": channel.id, "permalink": f"{page}{of_thread}"}


def _refuse_channel(grant: Grant, channel: Channel) -> Failure | None:
    if channel.is_archived:
        return Failure("is_archived")
    if channel.is_member or "chat:write.public" in grant.scopes:
        return None
    return Failure("not_in_channel")


def _refuse_content(wanted: PostMessage) -> Failure | None:
    if not wanted.text and not wanted.blocks and not wanted.attachments:
        return Failure("no_text")
    if len(wanted.text) > _TEXT_LIMIT:
        return Failure("msg_too_long")
    if len(wanted.attachments) > _ATTACHMENTS_LIMIT:
        return Failure("too_many_attachments")
    if len(wanted.blocks) > _BLOCKS_LIMIT or not blocks_are_valid(wanted.blocks):
        return Failure("invalid_blocks")
    return None


def _compose(slack: SlackState, grant: Grant, wanted: PostMessage, *, parent: Message | None) -> Message:
    at = slack.next_ts()
    return Message(
        ts=f"{int(at.timestamp())}.{at.microsecond:06}",
        at=at,
        text=wanted.text,
        blocks=wanted.blocks,
        user=grant.user_id,
        bot_id=grant.workspace.bot_id,
        app_id=APP_ID,
        attachments=wanted.attachments,
        metadata=None if wanted.metadata is None else wanted.metadata.model_dump(),
        thread_ts=parent.ts if parent is not None else None,
        reply_broadcast=parent is not None and wanted.reply_broadcast,
        unfurl_links=wanted.unfurl_links,
        unfurl_media=wanted.unfurl_media,
    )
