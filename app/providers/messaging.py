"""What a provider can do that messages are posted to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.outbound import Sender
from app.providers.contract import Authorized, Channel, ChannelPage, Failure, Posted, RunReport


class ListChannels(Protocol):
    """Return one page of where could be posted; archived ones are left out. `cursor` is the provider's own."""

    async def __call__(
        self, *, authorized: Authorized, cursor: str | None, limit: int, outbound: Sender
    ) -> ChannelPage | Failure: ...


class FindChannel(Protocol):
    """Return the channel; TARGET_GONE when it is not there, archived, or closed to the app."""

    async def __call__(self, *, authorized: Authorized, channel_id: str, outbound: Sender) -> Channel | Failure: ...


class PostReport(Protocol):
    """Post the message about a run. Posted only on the provider's own word."""

    async def __call__(
        self, *, authorized: Authorized, channel_id: str, report: RunReport, now: datetime, outbound: Sender
    ) -> Posted | Failure: ...


class IsOwnId(Protocol):
    """Whether a text looks like the provider's own id of a channel."""

    def __call__(self, text: str, /) -> bool: ...


@dataclass(frozen=True)
class Messaging:
    """How messages are posted. `pace` is the least time between two to the same channel."""

    list_channels: ListChannels
    find_channel: FindChannel
    post_report: PostReport
    is_own_id: IsOwnId
    pace: timedelta
