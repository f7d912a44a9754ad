"""Slack's side of the world: workspaces, their channels, and what was posted there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

_PUBLIC = ("general", "monitoring", "random")
_ARCHIVED = "old-announcements"
_PRIVATE = "ops-private"
_TOMBSTONE = "This message was deleted."


@dataclass
class Message:
    """What was posted, as it came. `ts` is its name within the channel, `thread_ts` that of the message that it answers.

    `is_tombstone`: it was deleted, and stays where it was for the answers below it.
    """

    ts: str
    at: datetime
    text: str
    blocks: list[JsonValue]
    user: str
    bot_id: str
    app_id: str
    attachments: list[JsonValue] = field(default_factory=list)
    metadata: dict[str, JsonValue] | None = None
    thread_ts: str | None = None
    reply_broadcast: bool = False
    is_tombstone: bool = False
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None


@dataclass
class Channel:
    """A conversation, and whether the one bot of the sandbox's app is in it."""

    id: str
    name: str
    is_private: bool = False
    is_archived: bool = False
    is_member: bool = False
    messages: list[Message] = field(default_factory=list)

    def message(self, ts: str) -> Message | None:
        return next((each for each in self.messages if each.ts == ts), None)

    def answers_to(self, message: Message) -> list[Message]:
        return [each for each in self.messages if each.thread_ts == message.ts]

    def delete(self, message: Message) -> None:
        """Take the message away; one that was answered leaves a tombstone, which can be answered on."""
        if not self.answers_to(message):
            self.messages.remove(message)
            return
        message.text, message.blocks, message.metadata, message.is_tombstone = _TOMBSTONE, [], None, True


@dataclass
class Workspace:
    """A Slack workspace, the user who installs apps there, and the bot user that the app's installations share."""

    id: str
    name: str
    domain: str
    user_id: str
    bot_user_id: str
    bot_id: str
    channels: dict[str, Channel]

    def channel(self, wanted: str) -> Channel | None:
        """Find a channel by its id or its name, with or without a leading #."""
        name = wanted.removeprefix("#")
        return self.channels.get(wanted) or next((each for each in self.channels.values() if each.name == name), None)

    def visible_channel(self, wanted: str) -> Channel | None:
        """Find a channel that the bot may know of: for it, a private one that it is not in does not exist."""
        channel = self.channel(wanted)
        return None if channel is None or (channel.is_private and not channel.is_member) else channel

    def let_bot_leave(self) -> None:
        """Take the bot out of every channel: into private ones it must be invited again."""
        for channel in self.channels.values():
            channel.is_member = False


def seed_workspaces() -> dict[str, Workspace]:
    """Return the fixed beginning: Acme and Initech, small, and Globex with enough channels for several pages."""
    workspaces = (
        _workspace("ACME", "Acme", 1),
        _workspace("GLOBEX", "Globex", 2, more=[f"project-{number:03}" for number in range(1, 261)]),
        _workspace("INITECH", "Initech", 3),
    )
    return {each.id: each for each in workspaces}


def _workspace(code: str, name: str, number: int, more: Sequence[str] = ()) -> Workspace:
    return Workspace(
        id=f"T0{code}{number:03}",
        name=name,
        domain=f"{name.lower()}-sandbox",
        user_id=f"U0{code}{number:03}",
        bot_user_id=f"U0{code}B{number:02}",
        bot_id=f"B0{code}{number:03}",
        channels={channel.id: channel for channel in _channels(code, more)},
    )


def _channels(code: str, more: Sequence[str]) -> Iterator[Channel]:
    for number, name in enumerate((*_PUBLIC, _ARCHIVED, _PRIVATE, *more), start=1):
        yield Channel(f"C0{code}{number:03}", name, is_private=name == _PRIVATE, is_archived=name == _ARCHIVED)
