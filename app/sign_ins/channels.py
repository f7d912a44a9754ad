"""Where a grant could post, as the provider pages it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.connections import ForwardArguments, Page
from app.graphql.ids import decode_key, encode_key
from app.graphql.provider_pages import from_provider_pages
from app.graphql.searches import check_search
from app.outbound import Sender
from app.outbound.budget import Budget
from app.providers import contract
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, ChannelPage, Failure, Fault
from app.services import Services
from app.sign_ins import faults
from app.sign_ins.answers import ask
from app.sign_ins.models import Grant
from app.text.json_text import parse_json

_TYPE = "Channel"
# A workspace has thousands, and each page takes a call: ten such pages are looked through for one answer.
_PAGE = 500


@dataclass(frozen=True)
class ChannelRef:
    """Which channel, in all the world."""

    provider: str
    account_id: str
    channel_id: str

    @property
    def id(self) -> str:
        """Return its id in the API, which says the same."""
        return encode_key(_TYPE, json.dumps([self.provider, self.account_id, self.channel_id]))


@strawberry.type(description="Somewhere to post, as its provider describes it.")
@attributes(PUBLIC_ATTRIBUTE)
class Channel:
    id: strawberry.ID = strawberry.field(description="Opaque, unique across workspaces: what channelId takes.")
    provider_id: str = strawberry.field(description="The provider's own id of it.")
    name: str = strawberry.field(description="For people, without a leading #.")
    is_private: bool = strawberry.field(description="Whether only those who were invited see it.")

    @classmethod
    def of(cls, ref: ChannelRef, *, name: str, is_private: bool) -> "Channel":
        return cls(id=strawberry.ID(ref.id), provider_id=ref.channel_id, name=name, is_private=is_private)


def decode_channel(id: str) -> ChannelRef | None:
    """Return which channel an id of the API names; None for what is no channel's, or not spelled as we spell it."""
    text = decode_key(id, _TYPE) or ""
    match parse_json(text.encode()):
        case [str(provider), str(account_id), str(channel_id)] if provider in CATALOGUE and account_id and channel_id:
            ref = ChannelRef(provider, account_id, channel_id)
            return ref if ref.id == id else None
    # Clients may have kept ids as they were spelled before: a provider's key, and two words without a colon.
    match text.split(":"):
        case [provider, account_id, channel_id] if provider in CATALOGUE and account_id and channel_id:
            return ChannelRef(provider, account_id, channel_id)
        case _:
            return None


async def page_of_channels(
    grant_id: UUID, arguments: ForwardArguments, search: str | None, *, budget: Budget, services: Services
) -> Page[Channel]:
    """Return a page of the channels that could be posted to, those whose name has `search` in it, or whose own id it is.

    Raises Refusal with what the provider's failure means, BadUserInput for a cursor of another list or a search for what no name
    has, TooComplex when the operation's `budget` of calls is spent.
    """
    grant = await Grant.get_or_none(id=grant_id)
    wanted = (check_search((search or "").strip()) or "").lstrip("#").casefold()

    async def fetch(cursor: str | None, limit: int) -> tuple[Sequence[Channel], str | None]:
        # Not from memory: a person who has just invited the app to a private channel looks for it here.
        page = (
            await list_channels(grant, cursor, limit, budget=budget, services=services, fresh=True)
            if grant is not None
            else _NOWHERE
        )
        if grant is None or isinstance(page, Failure):
            raise faults.refusal(page if isinstance(page, Failure) else _NOWHERE)
        return [_describe(grant, channel) for channel in page.channels if _is_wanted(channel, wanted)], page.next_cursor

    return await from_provider_pages(fetch, arguments, size=_PAGE)


def _is_wanted(channel: contract.Channel, wanted: str) -> bool:
    return wanted in channel.name.casefold() or wanted == channel.id.casefold()


async def list_channels(
    grant: Grant, cursor: str | None, limit: int, *, budget: Budget, services: Services, fresh: bool = False
) -> ChannelPage | Failure:
    """Return one page of the channels as the provider has them, of the last minute unless it is to be `fresh`."""
    messaging = CATALOGUE[grant.provider].messaging
    if messaging is None:
        return _NOWHERE

    async def put(authorized: Authorized, outbound: Sender) -> ChannelPage | Failure:
        return await messaging.list_channels(authorized=authorized, cursor=cursor, limit=limit, outbound=outbound)

    return await ask(grant, ("channels", cursor, limit), put, budget=budget, services=services, fresh=fresh, method="channels")


async def find_channel(grant: Grant, channel_id: str, *, budget: Budget, services: Services) -> contract.Channel | Failure:
    """Return the channel as it was shown within the last minute; TARGET_GONE where it cannot be posted to."""
    messaging = CATALOGUE[grant.provider].messaging
    if messaging is None:
        return _NOWHERE

    async def put(authorized: Authorized, outbound: Sender) -> contract.Channel | Failure:
        return await messaging.find_channel(authorized=authorized, channel_id=channel_id, outbound=outbound)

    return await ask(grant, ("channel", channel_id), put, budget=budget, services=services, method="channel")


def _describe(grant: Grant, channel: contract.Channel) -> Channel:
    ref = ChannelRef(grant.provider, grant.account_id, channel.id)
    return Channel.of(ref, name=channel.name, is_private=channel.is_private)


_NOWHERE = Failure(Fault.REFUSED, "There are no channels here.")
