"""Bringing a stopped integration back, with a fresh sign-in for the same account or with an installed app of the team."""

from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.revisions import touch
from app.installed_apps.types import InstalledApp
from app.integrations.inputs import (
    NOTHING_CHANGED,
    NULL_WHEN_REFUSED,
    SHARED_BY_IT,
    IntegrationAuthorizationInput,
    key_of_integration,
)
from app.integrations.kinds.table import kind_of
from app.integrations.permissions import find_integration
from app.integrations.restoring import reauthorize, tell_reauthenticated
from app.integrations.sources import Placed, Using
from app.integrations.status import snapshot_of, tell_status
from app.integrations.types import Integration
from app.log.events import Change
from app.outbound.budget import Budget
from app.services import Services
from app.teams.permissions import recheck_role


@strawberry.input(description="Another authorization for an integration, for the same workspace.")
class ReauthenticateIntegrationInput:
    id: strawberry.ID = strawberry.field(description="Which integration.")
    using: IntegrationAuthorizationInput = strawberry.field(description="What it is authorized by from now on.")


@strawberry.type(description="The integration with its other authorization.")
@attributes(PUBLIC_ATTRIBUTE)
class ReauthenticateIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=NULL_WHEN_REFUSED)
    installed_app: InstalledApp | None = strawberry.field(default=None, description=SHARED_BY_IT)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=NOTHING_CHANGED)


@mutation(
    CHANGING,
    description=(
        "Bring a stopped integration back, with a fresh sign-in for the same workspace or with an installed app of the team; any "
        "member may, also who may not edit it. With a Git server's installed app it takes the caller's own authorization from "
        "then on. After the deletion of an app that held the sign-in: once for each integration, also where the team has added "
        "the app again."
    ),
)
async def reauthenticate_integration(info: Info, input: ReauthenticateIntegrationInput) -> ReauthenticateIntegrationPayload:
    placed = await reauthenticate(
        key_of_integration(input.id),
        using=input.using.using(),
        caller=info.context.viewer,
        services=info.context.services,
        budget=info.context.budget,
    )
    return ReauthenticateIntegrationPayload(
        integration=Integration.of(placed.integration),
        installed_app=InstalledApp.of(placed.new_app) if placed.new_app is not None else None,
    )


async def reauthenticate(
    integration_id: UUID, *, using: Using, caller: Caller, services: Services, budget: Budget | None = None
) -> Placed:
    """Let the integration use `using` from now on, in every status; what is paused stays PAUSED. Any member may.

    At a Git server that is the caller's own authorization, who has to see the repository. Raises NOT_FOUND, WRONG_ACCOUNT for
    another workspace or server, and what `sources.take` refuses. `budget` is what may be asked of a Git server.
    """
    found = await find_integration(caller.team_id, integration_id)
    checks = kind_of(found).checks
    if checks is not None:
        await checks.check_access(found, using=using, caller=caller, services=services, budget=budget or Budget())

    async def apply(change: Change) -> Placed:
        await recheck_role(change, caller)
        integration = await find_integration(change.team_id, integration_id)
        before, place = snapshot_of(integration), integration.account_id
        new_app = await reauthorize(change, integration, using, member_id=caller.member_id, wanted_account_id=place)
        touch(integration, change.now)
        await integration.save()
        await tell_reauthenticated(change, integration)
        await tell_status(change, integration, before=before)
        return Placed(integration, new_app)

    return await services.events.change(caller.team_id, apply, actor=caller.actor)
