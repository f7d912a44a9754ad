"""Editing an integration: everything in one save, a fresh sign-in included."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING_OWN, PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.inputs import given
from app.graphql.revisions import check_unchanged, touch
from app.installed_apps.types import InstalledApp
from app.integrations.events import IntegrationEdited
from app.integrations.inputs import (
    NOTHING_CHANGED,
    NULL_WHEN_REFUSED,
    SHARED_BY_IT,
    EditIntegrationSettingsInput,
    IntegrationAuthorizationInput,
    key_of_integration,
)
from app.integrations.kinds.contract import OfKind, ReadyEdit
from app.integrations.kinds.table import KINDS, kind_of
from app.integrations.models import Integration as Row
from app.integrations.permissions import check_editable, find_editable, find_integration
from app.integrations.restoring import reauthorize, tell_reauthenticated
from app.integrations.sources import Placed, Using
from app.integrations.status import snapshot_of, tell_status
from app.integrations.types import Integration
from app.log.events import Change
from app.outbound.budget import Budget
from app.services import Services
from app.teams.names import check_name


@strawberry.input(description="What is to be another; what is left out stays as it is.")
class EditIntegrationInput:
    id: strawberry.ID = strawberry.field(description="Which integration.")
    expected_updated_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="What `updatedAt` was when it was read: CONFLICT if it was edited since. Left out: whatever it is.",
    )
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    using: IntegrationAuthorizationInput | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Another authorization, in the same transaction and in every status; another workspace is WRONG_ACCOUNT unless "
            "the same call sets channelId, another server always."
        ),
    )
    settings: EditIntegrationSettingsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Other settings; the kind cannot be changed."
    )


@strawberry.type(description="The integration as edited.")
@attributes(PUBLIC_ATTRIBUTE)
class EditIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=NULL_WHEN_REFUSED)
    installed_app: InstalledApp | None = strawberry.field(default=None, description=SHARED_BY_IT)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=NOTHING_CHANGED)


@mutation(
    CHANGING_OWN,
    description="Everything in one save, a fresh sign-in included. Who made the integration may, and admins.",
)
async def edit_integration(info: Info, input: EditIntegrationInput) -> EditIntegrationPayload:
    placed = await edit(
        key_of_integration(input.id),
        _read(input),
        expected_updated_at=given(input.expected_updated_at, field=("expectedUpdatedAt",)),
        caller=info.context.viewer,
        services=info.context.services,
        budget=info.context.budget,
    )
    return EditIntegrationPayload(
        integration=Integration.of(placed.integration),
        installed_app=InstalledApp.of(placed.new_app) if placed.new_app is not None else None,
    )


@dataclass(frozen=True)
class Edit:
    """An edit; None leaves a value as it is."""

    name: str | None = None
    using: Using | None = None
    settings: OfKind | None = None


async def edit(
    integration_id: UUID,
    wanted: Edit,
    *,
    expected_updated_at: datetime | None,
    caller: Caller,
    services: Services,
    budget: Budget | None = None,
) -> Placed:
    """Make the integration as wanted, in every status, or change nothing.

    Raises NOT_FOUND, FORBIDDEN unless the caller made it or is an admin, CONFLICT when it was edited since `expected_updated_at`,
    INVALID for settings of another kind, WRONG_ACCOUNT for `using` of another workspace without a channel there or of another
    server, and what `adding.add` refuses. `budget` is what may be asked of a Git server.
    """
    name = check_name(wanted.name) if wanted.name is not None else None
    found = await find_integration(caller.team_id, integration_id)
    check_editable(caller, found)
    check_unchanged(found, expected_updated_at)
    ready = await _prepare(found, wanted, caller=caller, services=services, budget=budget or Budget())

    async def apply(change: Change) -> Placed:
        integration = await find_editable(change, integration_id, caller=caller)
        check_unchanged(integration, expected_updated_at)
        return await _apply(change, integration, ready, name=name, using=wanted.using, caller=caller)

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def _prepare(found: Row, wanted: Edit, *, caller: Caller, services: Services, budget: Budget) -> ReadyEdit:
    kind, settings = kind_of(found), wanted.settings
    if settings is not None and settings.kind != kind.key:
        raise Refusal(
            UserErrorCode.INVALID,
            f"“{found.name}” is of another kind, which has other settings; it cannot be changed.",
            field=KINDS[settings.kind].field,
        )
    return await kind.prepare_edit(found, settings, using=wanted.using, caller=caller, services=services, budget=budget)


async def _apply(
    change: Change, integration: Row, ready: ReadyEdit, *, name: str | None, using: Using | None, caller: Caller
) -> Placed:
    before, new_app = snapshot_of(integration), None
    if using is not None:
        place = ready.account_id or integration.account_id
        new_app = await reauthorize(change, integration, using, member_id=caller.member_id, wanted_account_id=place)
    is_edited = _rename(integration, name)
    is_edited |= await ready.save(change, integration)
    if ready.is_confirmed:
        integration.succeed(now=change.now)
    if is_edited or using is not None or snapshot_of(integration) != before:
        touch(integration, change.now)
        await integration.save()
    if is_edited:
        await change.record(IntegrationEdited(integration.id, integration.name))
    if using is not None:
        await tell_reauthenticated(change, integration)
    await tell_status(change, integration, before=before)
    return Placed(integration, new_app)


def _rename(integration: Row, name: str | None) -> bool:
    if name is None or name == integration.name:
        return False
    integration.name = name
    return True


def _read(input: EditIntegrationInput) -> Edit:
    """Return what an edit asks for. Raises INVALID for null where nothing can be cleared."""
    using, settings = given(input.using, field=("using",)), given(input.settings, field=("settings",))
    return Edit(
        name=given(input.name, field=("name",)),
        using=using.using() if using is not None else None,
        settings=settings.edit() if settings is not None else None,
    )
