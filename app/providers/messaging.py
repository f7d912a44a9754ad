"""Messaging: what a provider can do to which messages are posted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.outbound import Sender
from app.providers.activity import ActivityReport
from app.providers.contract import Authorized, Channel, ChannelPage, Failure, Posted, PostedMessage, RunReport


class ListChannels(Protocol):
    """Return one page of where could be posted; archived ones are left out. `cursor` is the provider's own."""

    async def __call__(
        self, *, authorized: Authorized, cursor: str | None, limit: int, outbound: Sender
    ) -> ChannelPage | Failure: ...


class FindChannel(Protocol):
    """Return the channel; TARGET_GONE when it is not there, archived, or closed to the app."""

    async def __call__(self, *, authorized: Authorized, channel_id: str, outbound: Sender) -> Channel | Failure: ...


@dataclass(frozen=True)
class Thread:
    """What a message answers: the message `id` of the same channel. `in_channel_too`: it is shown in the channel as well."""

    id: str
    in_channel_too: bool = False


class PostReport(Protocol):
    """Post the message about a run. Posted only on the provider's own word.

    In the `thread`, where the provider has threads and what it answers is still there; else as a message of its own. `mention`
    is whom it calls, in the provider's own word; nobody else is, whatever the report says.
    """

    async def __call__(
        self,
        *,
        authorized: Authorized,
        channel_id: str,
        report: RunReport,
        now: datetime,
        outbound: Sender,
        thread: Thread | None = None,
        mention: str | None = None,
    ) -> Posted | Failure: ...


class FindLink(Protocol):
    """Return the address at which a person reads the message; TARGET_GONE where it is not there any more."""

    async def __call__(self, *, authorized: Authorized, message: PostedMessage, outbound: Sender) -> str | Failure: ...


class NameMention(Protocol):
    """Return what people call those whom a message can call by this word of the provider's; None for no such word."""

    def __call__(self, word: str, /) -> str | None: ...


class PostActivity(Protocol):
    """Post the message about what happened in the team's log. Posted only on the provider's own word."""

    async def __call__(
        self, *, authorized: Authorized, channel_id: str, report: ActivityReport, now: datetime, outbound: Sender
    ) -> Posted | Failure: ...


class IsOwnId(Protocol):
    """Whether a text looks like the provider's own id of a channel."""

    def __call__(self, text: str, /) -> bool: ...


@dataclass(frozen=True)
class Messaging:
    """How messages are posted. `pace` is the least time between two to the same channel.

    `find_link` is None where messages have no address of their own, `has_threads` says whether one can answer another.
    `name_mention` is None where messages call nobody.
    """

    list_channels: ListChannels
    find_channel: FindChannel
    post_report: PostReport
    post_activity: PostActivity
    is_own_id: IsOwnId
    pace: timedelta
    has_threads: bool = False
    find_link: FindLink | None = None
    name_mention: NameMention | None = None
