"""Where an integration of the kind "Post monitoring results" posts: the channel, asked for at the provider."""

from collections.abc import Sequence

from app.errors import Refusal, UserErrorCode
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Channel, Failure, Fault
from app.services import Services
from app.sign_ins import calls, faults
from app.sign_ins.channels import ChannelRef, decode_channel
from app.sign_ins.models import Grant


def read_channel(id: str, *, provider: str, account_id: str, field: Sequence[str]) -> ChannelRef:
    """Return what the channel's global id names, or the provider's own id in the account. NOT_FOUND for any other text."""
    messaging = CATALOGUE[provider].messaging
    is_own = messaging is not None and messaging.is_own_id(id)
    named = ChannelRef(provider, account_id, id) if is_own else decode_channel(id)
    if named is None:
        raise Refusal(
            UserErrorCode.NOT_FOUND,
            "There is no channel with this id: choose one from `channels`, or give its own id at the provider.",
            field=field,
        )
    return named


async def look_up(named: ChannelRef, *, grant: Grant, services: Services, field: Sequence[str]) -> Channel:
    """Ask the provider, with `grant`, for the channel. Never called inside a change.

    Raises INVALID for one of another workspace, NOT_FOUND where it cannot be posted to, and what the provider refuses.
    """
    if (named.provider, named.account_id) != (grant.provider, grant.account_id):
        raise _elsewhere(grant, field=field)
    messaging = CATALOGUE[grant.provider].messaging
    if messaging is None:
        raise Refusal(UserErrorCode.INVALID, f"{CATALOGUE[grant.provider].name} has no channels to post to.", field=field)

    async def ask(authorized: Authorized) -> Channel | Failure:
        return await messaging.find_channel(authorized=authorized, channel_id=named.channel_id, outbound=services.outbound)

    match await calls.call(grant.id, ask, services=services, method="channel"):
        case Failure(fault=Fault.TARGET_GONE, message=message):
            raise Refusal(UserErrorCode.NOT_FOUND, message, field=field)
        case Failure() as failure:
            raise faults.refusal(failure, field=field)
        case Channel() as channel:
            return channel


def _elsewhere(grant: Grant, *, field: Sequence[str]) -> Refusal:
    return Refusal(
        UserErrorCode.INVALID,
        f"This channel is not one of {grant.account_name}'s: choose one from the `channels` of what the integration uses.",
        field=field,
    )
