"""Choosing the channel that an integration posts to: it is looked up at the provider before it is kept."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from app.access.callers import Caller
from app.errors import Refusal, UserErrorCode
from app.integrations.kinds.contract import ReadyEdit, Target
from app.integrations.models import Integration
from app.integrations.sources import Using, dry_run, grant_of
from app.log.events import Change
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Channel, Failure, Fault
from app.services import Services
from app.sign_ins import calls, faults
from app.sign_ins.channels import ChannelRef, decode_channel
from app.sign_ins.models import Grant


async def look_up(id: str, *, grant: Grant, services: Services, field: Sequence[str]) -> Channel:
    """Ask the provider, with `grant`, for the channel that a global id names, or its own id there. Never called inside a change.

    Raises NOT_FOUND for any other text and where it cannot be posted to, INVALID for one of another workspace, and what the
    provider refuses.
    """
    named = _read(id, provider=grant.provider, account_id=grant.account_id, field=field)
    return await _ask(named, grant=grant, services=services, field=field)


async def prepare_edit(
    found: Integration,
    id: str | None,
    *,
    using: Using | None,
    caller: Caller,
    services: Services,
    field: Sequence[str],
    save: Callable[[Change, Integration, Channel | None], Awaitable[bool]],
) -> ReadyEdit:
    """Look another channel up, with what the integration is to use; None leaves it where it is. `save` is handed the channel.

    Raises as `look_up`, CONFLICT when what it uses does not work, and INVALID where the channel is not where it is by then.
    """
    if id is None:
        return ReadyEdit(None, is_confirmed=False, save=lambda change, integration: save(change, integration, None))
    named, channel = await _look_up_another(found, id, using=using, caller=caller, services=services, field=field)

    async def save_at(change: Change, integration: Integration) -> bool:
        if using is None:
            _check_place(integration, named, field=field)
        return await save(change, integration, channel)

    return ReadyEdit(named.account_id, is_confirmed=True, save=save_at)


def columns_of(channel: Channel) -> dict[str, Any]:
    """Return what the settings keep of the channel, by their columns."""
    return {"channel_id": channel.id, "channel_name": channel.name, "channel_is_private": channel.is_private}


def target_at(integration: Integration, channel_id: str) -> Target:
    """Return the integration's channel as where its messages go, at its provider's pace."""
    messaging = CATALOGUE[integration.provider].messaging
    pace = messaging.pace if messaging is not None else timedelta()
    return Target(channel_id, f"{integration.origin}:{integration.account_id}:{channel_id}", pace)


async def _look_up_another(
    found: Integration, id: str, *, using: Using | None, caller: Caller, services: Services, field: Sequence[str]
) -> tuple[ChannelRef, Channel]:
    named = _read(id, provider=found.provider, account_id=found.account_id, field=field)
    if using is not None:
        grant = await dry_run(using, caller=caller, services=services)
        # An id of the provider's own is meant where the integration is going to be.
        named = _read(id, provider=grant.provider, account_id=grant.account_id, field=field)
    else:
        _check_place(found, named, field=field)
        grant = await _present_grant(found, field=field)
    return named, await _ask(named, grant=grant, services=services, field=field)


def _read(id: str, *, provider: str, account_id: str, field: Sequence[str]) -> ChannelRef:
    """Return what the channel's global id names, or the provider's own id in the account."""
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


async def _ask(named: ChannelRef, *, grant: Grant, services: Services, field: Sequence[str]) -> Channel:
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


def _check_place(integration: Integration, named: ChannelRef, *, field: Sequence[str]) -> None:
    """Raise INVALID unless the channel is where the integration is: an edit can move it elsewhere."""
    if (named.provider, named.account_id) != (integration.provider, integration.account_id):
        raise Refusal(
            UserErrorCode.INVALID,
            f"This channel is not one of {integration.connected_to}'s: choose another, or move the integration with `using`.",
            field=field,
        )


async def _present_grant(integration: Integration, *, field: Sequence[str]) -> Grant:
    grant_id = await grant_of(integration)
    if integration.is_stopped or grant_id is None:
        raise Refusal(
            UserErrorCode.CONFLICT,
            f"“{integration.name}” has no authorization that works, so its channel cannot be looked up: "
            "re-authenticate it first, or in the same edit with `using`.",
            field=field,
        )
    return await Grant.get(id=grant_id)


def _elsewhere(grant: Grant, *, field: Sequence[str]) -> Refusal:
    return Refusal(
        UserErrorCode.INVALID,
        f"This channel is not one of {grant.account_name}'s: choose one from the `channels` of what the integration uses.",
        field=field,
    )
