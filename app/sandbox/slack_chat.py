"""Slack's chat.postMessage."""

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, JsonValue

from app.sandbox.slack_app import APP_ID
from app.sandbox.slack_blocks import blocks_are_valid
from app.sandbox.slack_conversations import describe_message
from app.sandbox.slack_grants import Grant
from app.sandbox.slack_state import SlackState
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
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None


def post_message(slack: SlackState, grant: Grant, wanted: PostMessage) -> Mapping[str, object] | Failure:
    """Keep the message and show it, or say why it cannot be posted."""
    channel = grant.workspace.visible_channel(wanted.channel)
    if channel is None:
        return Failure("channel_not_found")
    refusal = _refuse_channel(grant, channel) or _refuse_content(wanted)
    if refusal is not None:
        return refusal
    message = _compose(slack, grant, wanted)
    channel.messages.append(message)
    return {"channel": channel.id, "ts": message.ts, "message": describe_message(message)}


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


def _compose(slack: SlackState, grant: Grant, wanted: PostMessage) -> Message:
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
        thread_ts=wanted.thread_ts,
        unfurl_links=wanted.unfurl_links,
        unfurl_media=wanted.unfurl_media,
    )
