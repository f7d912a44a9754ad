"""The channel that an integration posts to: asked for at the provider, and shown as it is there now."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from app.access.callers import Caller
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Context
from app.installed_apps.loaders import grants
from app.integrations.kinds.contract import Target
from app.integrations.kinds.live_targets import PAGE, apps_of, each_once, look_up_each
from app.integrations.loaders import integrations
from app.integrations.models import Integration
from app.integrations.sources import Using, dry_run, grant_of
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Channel, Failure, Fault
from app.services import Services
from app.sign_ins import calls, faults
from app.sign_ins.channels import ChannelRef, decode_channel, find_channel, list_channels
from app.sign_ins.lookups import Listed, Source
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


async def look_up_another(
    found: Integration, id: str, *, using: Using | None, caller: Caller, services: Services, field: Sequence[str]
) -> tuple[ChannelRef, Channel]:
    """The same for an edit, with what the integration is to use. Raises CONFLICT too, when that does not work."""
    named = read_channel(id, provider=found.provider, account_id=found.account_id, field=field)
    if using is not None:
        grant = await dry_run(using, caller=caller, services=services)
        # An id of the provider's own is meant where the integration is going to be.
        named = read_channel(id, provider=grant.provider, account_id=grant.account_id, field=field)
    else:
        check_place(found, named, field=field)
        grant = await _present_grant(found, field=field)
    return named, await look_up(named, grant=grant, services=services, field=field)


def check_place(integration: Integration, named: ChannelRef, *, field: Sequence[str]) -> None:
    """Raise INVALID unless the channel is where the integration is: an edit can move it elsewhere."""
    if (named.provider, named.account_id) != (integration.provider, integration.account_id):
        raise Refusal(
            UserErrorCode.INVALID,
            f"This channel is not one of {integration.connected_to}'s: choose another, or move the integration with `using`.",
            field=field,
        )


def target_at(integration: Integration, channel_id: str) -> Target:
    """Return the integration's channel as where its messages go, at its provider's pace."""
    messaging = CATALOGUE[integration.provider].messaging
    pace = messaging.pace if messaging is not None else timedelta()
    return Target(channel_id, f"{integration.origin}:{integration.account_id}:{channel_id}", pace)


async def live_channels(
    keys: Sequence[UUID], *, channel_ids: Callable[[Sequence[UUID]], Awaitable[Sequence[str | None]]], context: Context
) -> list[Channel | None]:
    """Return where each integration posts, asked for with what it posts with. `channel_ids` reads where that was chosen to be."""
    wanted = await channel_ids(keys)
    placed = await integrations(keys, context=context)
    apps = await apps_of(placed, context=context)
    users = zip(placed, apps, strict=True)
    grant_ids = [(row.grant_id or (app.grant_id if app else None)) if row else None for row, app in users]
    found = await each_once(grant_ids, lambda ids: grants(ids, context=context))
    of_account = [
        grant if grant is not None and row is not None and grant.account_id == row.account_id else None
        for grant, row in zip(found, placed, strict=True)
    ]

    def source(grant: Grant) -> Source[Channel]:
        async def turn(cursor: str | None) -> Listed[Channel] | Failure:
            page = await list_channels(grant, cursor, PAGE, budget=context.budget, services=context.services)
            return page if isinstance(page, Failure) else Listed({each.id: each for each in page.channels}, page.next_cursor)

        return Source(lambda one: find_channel(grant, one, budget=context.budget, services=context.services), turn)

    return await look_up_each(placed, of_account, wanted, source=source, context=context)


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
