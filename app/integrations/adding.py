"""Adding an integration: everything in one change, once the provider has said that what it is about is there."""

from uuid import uuid4

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.installed_apps.permissions import find_app
from app.installed_apps.types import InstalledApp
from app.integrations.events import IntegrationAdded
from app.integrations.inputs import (
    NOTHING_CHANGED,
    NULL_WHEN_REFUSED,
    SHARED_BY_IT,
    IntegrationAuthorizationInput,
    IntegrationSettingsInput,
)
from app.integrations.kinds.contract import AnyKind, OfKind
from app.integrations.kinds.table import KINDS, check_offered
from app.integrations.models import Integration as Row, IntegrationStatus
from app.integrations.sources import INSTALLED_APP_FIELD, Placed, ThroughApp, Using, dry_run, take
from app.integrations.types import Integration
from app.log.events import Change
from app.log.quotas import INTEGRATIONS, require_room
from app.outbound.budget import Budget
from app.services import Services
from app.teams.names import check_name
from app.teams.permissions import recheck_role


@strawberry.input(description="A new integration.")
class AddIntegrationInput:
    name: str = strawberry.field(description="1 to 200 characters, for people.")
    using: IntegrationAuthorizationInput = strawberry.field(description="What it is authorized by.")
    settings: IntegrationSettingsInput = strawberry.field(description="What it does.")


@strawberry.type(description="The integration that was added.")
@attributes(PUBLIC_ATTRIBUTE)
class AddIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=NULL_WHEN_REFUSED)
    installed_app: InstalledApp | None = strawberry.field(default=None, description=SHARED_BY_IT)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=NOTHING_CHANGED)


@mutation(CHANGING, description="Put an authorization to work.")
async def add_integration(info: Info, input: AddIntegrationInput) -> AddIntegrationPayload:
    placed = await add(
        input.name,
        using=input.using.using(),
        settings=input.settings.settings(),
        caller=info.context.viewer,
        services=info.context.services,
        budget=info.context.budget,
    )
    return AddIntegrationPayload(
        integration=Integration.of(placed.integration),
        installed_app=InstalledApp.of(placed.new_app) if placed.new_app is not None else None,
    )


async def add(
    name: str, *, using: Using, settings: OfKind, caller: Caller, services: Services, budget: Budget | None = None
) -> Placed:
    """Add an integration of the kind that the settings are of.

    Raises INVALID, NOT_FOUND, CONFLICT for an installed app that does not work and for one integration too many, SIGN_IN_REQUIRED
    at a Git server, ALREADY_EXISTS for sharing what the team shares already or connecting what is connected already,
    AUTHORIZATION_*, and what the provider refuses. A sign-in is used up only when all of it succeeds. `budget` is what may be
    asked of a Git server.
    """
    checked, kind = check_name(name), KINDS[settings.kind]
    await _check_kind_of_app(kind, using, caller=caller)
    grant = await dry_run(using, caller=caller, services=services)
    check_offered(kind, provider=grant.provider)
    ready = await kind.prepare(settings, grant=grant, services=services, budget=budget or Budget())

    async def apply(change: Change) -> Placed:
        await recheck_role(change, caller)
        await require_room(INTEGRATIONS, Row.filter(team_id=change.team_id, deleted_at__isnull=True), quotas=change.quotas)
        source = await take(change, using, member_id=caller.member_id, wanted_account_id=ready.account_id)
        integration = Row(
            id=uuid4(),
            team_id=change.team_id,
            kind=kind.key,
            name=checked,
            status=IntegrationStatus.ACTIVE,
            status_changed_at=change.now,
            created_by_id=caller.member_id,
            created_at=change.now,
            updated_at=change.now,
        )
        source.give_to(integration)
        await integration.save(force_create=True)
        await ready.save(change, integration)
        await change.record(IntegrationAdded(integration.id, integration.name, integration.connected_to))
        return Placed(integration, source.new_app)

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def _check_kind_of_app(kind: AnyKind, using: Using, *, caller: Caller) -> None:
    """Nobody is told to sign in first for what cannot be had there anyway."""
    if isinstance(using, ThroughApp):
        app = await find_app(caller.team_id, using.installed_app_id, field=INSTALLED_APP_FIELD)
        check_offered(kind, provider=app.provider)
