"""Bringing a stopped integration back, with a fresh sign-in for the same account or with an installed app of the team."""

from uuid import UUID

from app.access.callers import Caller
from app.catalogue.kinds import CONNECT_API
from app.graphql.revisions import touch
from app.installed_apps.models import InstalledApp
from app.integrations.actions import find
from app.integrations.adding import Placed
from app.integrations.events import IntegrationReauthenticated
from app.integrations.kinds.connect_api import settings as connections
from app.integrations.models import Integration
from app.integrations.sources import Using, take
from app.integrations.status import snapshot_of, tell_status
from app.log.events import Change
from app.outbound.budget import Budget
from app.services import Services
from app.sign_ins import grants
from app.teams.permissions import recheck_role


async def reauthenticate(
    integration_id: UUID, *, using: Using, caller: Caller, services: Services, budget: Budget | None = None
) -> Placed:
    """Let the integration use `using` from now on, in every status; what is paused stays PAUSED. Any member may.

    At a Git server that is the caller's own authorization, who has to see the repository. Raises NOT_FOUND, WRONG_ACCOUNT for
    another workspace or server, and what `sources.take` refuses. `budget` is what may be asked of a Git server.
    """
    found = await find(caller.team_id, integration_id)
    if found.kind == CONNECT_API.key:
        await connections.check_visible(found, using=using, caller=caller, services=services, budget=budget or Budget())

    async def apply(change: Change) -> Placed:
        await recheck_role(change, caller)
        integration = await find(change.team_id, integration_id)
        before, place = snapshot_of(integration), integration.account_id
        new_app = await renew(change, integration, using, member_id=caller.member_id, wanted_account_id=place)
        touch(integration, change.now)
        await integration.save()
        await tell_renewed(change, integration)
        await tell_status(change, integration, before=before)
        return Placed(integration, new_app)

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def renew(
    change: Change, integration: Integration, using: Using, *, member_id: UUID, wanted_account_id: str
) -> InstalledApp | None:
    """Give the row another authorization, and back the one that it had for its own; returns the installed app made by it, if any.

    The row is left to be saved, and what happened to be told.
    """
    source = await take(change, using, member_id=member_id, wanted_account_id=wanted_account_id)
    replaced = integration.grant_id
    source.give_to(integration)
    integration.restore(now=change.now)
    await connections.check_soon(change, integration.id)
    if replaced is not None and replaced != integration.grant_id:
        await grants.retire(change, replaced)
    return source.new_app


async def tell_renewed(change: Change, integration: Integration) -> None:
    await change.record(IntegrationReauthenticated(integration.id, integration.name, integration.connected_to))
