"""Threads as Slack shows them: a message, what answers it, and the one that an answer belongs to.

Sources: Slack's references of chat.postMessage, chat.getPermalink, conversations.replies and of the event thread_broadcast. They
do not say what comes of a `thread_ts` that names nothing. Apps report that Slack posts such an answer to the channel, and that it
then names no thread (slack-go/slack 1571, langchain-ai/open-swe 2753, measure-sh/measure 3997); that a reply's ts stands
for its thread (discourse/discourse-chat-integration 159); and that a deleted parent stays as "This message was deleted." while it
has answers (42wim/matterbridge 600). `thread_not_found` is an error of conversations.replies alone.
"""

from app.sandbox.slack_world import Channel, Message


def parent_of(channel: Channel, thread_ts: str | None) -> Message | None:
    """Return the message that an answer to `thread_ts` belongs to; None where it is one of its own."""
    named = channel.message(thread_ts) if thread_ts else None
    return channel.message(named.thread_ts) if named is not None and named.thread_ts is not None else named


def describe_message(channel: Channel, message: Message, *, with_metadata: bool) -> dict[str, object]:
    """Return the message as Slack shows it."""
    optional = {"attachments": message.attachments or None, "metadata": message.metadata if with_metadata else None}
    return {
        "type": "message",
        "subtype": _subtype(message),
        "ts": message.ts,
        "text": message.text,
        "blocks": message.blocks,
        "user": "USLACKBOT" if message.is_tombstone else message.user,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        **{key: value for key, value in optional.items() if value is not None},
        **_describe_thread(channel, message, with_metadata=with_metadata),
    }


def _subtype(message: Message) -> str:
    if message.is_tombstone:
        return "tombstone"
    return "thread_broadcast" if message.reply_broadcast else "bot_message"


def _describe_thread(channel: Channel, message: Message, *, with_metadata: bool) -> dict[str, object]:
    parent = parent_of(channel, message.thread_ts)
    if parent is not None:
        root = {"root": describe_message(channel, parent, with_metadata=with_metadata)} if message.reply_broadcast else {}
        return {"thread_ts": parent.ts, "parent_user_id": parent.user, **root}
    answers = channel.answers_to(message)
    if not answers:
        return {}
    users = list(dict.fromkeys(each.user for each in answers))
    return {
        "thread_ts": message.ts,
        "reply_count": len(answers),
        "reply_users_count": len(users),
        "reply_users": users,
        "latest_reply": answers[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }
