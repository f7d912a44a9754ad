"""Adding an integration: everything in one change, once the provider has said that what it is about is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import uuid4

from app.access.callers import Caller
from app.catalogue.kinds import CONNECT_API, POST_MONITORING_RESULTS, Kind
from app.installed_apps import actions as installed_apps
from app.installed_apps.models import InstalledApp
from app.integrations.events import IntegrationAdded
from app.integrations.kinds.connect_api import settings as connections
from app.integrations.kinds.connect_api.settings import CONNECTION_FIELD, ApiConnectionSettings
from app.integrations.kinds.contract import Ready, check_offered
from app.integrations.kinds.post_monitoring_results import settings as posts
from app.integrations.kinds.post_monitoring_results.settings import POST_FIELD, MonitoringPostSettings
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.sources import INSTALLED_APP_FIELD, ThroughApp, Using, dry_run, take
from app.log.events import Change
from app.log.quotas import INTEGRATIONS, require_room
from app.outbound.budget import Budget
from app.services import Services
from app.sign_ins.models import Grant
from app.teams.names import check_name
from app.teams.permissions import recheck_role

Settings: TypeAlias = MonitoringPostSettings | ApiConnectionSettings


@dataclass(frozen=True)
class Placed:
    """An integration, and the installed app that the same call made, if it did."""

    integration: Integration
    new_app: InstalledApp | None


async def add(
    name: str, *, using: Using, settings: Settings, caller: Caller, services: Services, budget: Budget | None = None
) -> Placed:
    """Add an integration of the kind that the settings are of.

    Raises INVALID, NOT_FOUND, CONFLICT for an installed app that does not work and for one integration too many, SIGN_IN_REQUIRED
    at a Git server, ALREADY_EXISTS for sharing what the team shares already or connecting what is connected already,
    AUTHORIZATION_*, and what the provider refuses. A sign-in is used up only when all of it succeeds. `budget` is what may be
    asked of a Git server.
    """
    checked, kind = check_name(name), _kind_of(settings)
    await _check_kind_of_app(kind, using, caller=caller)
    grant = await dry_run(using, caller=caller, services=services)
    check_offered(kind, provider=grant.provider, field=_field_of(kind))
    ready = await _prepare(settings, grant=grant, services=services, budget=budget or Budget())

    async def apply(change: Change) -> Placed:
        await recheck_role(change, caller)
        await require_room(
            INTEGRATIONS, Integration.filter(team_id=change.team_id, deleted_at__isnull=True), quotas=change.quotas
        )
        source = await take(change, using, member_id=caller.member_id, wanted_account_id=ready.account_id)
        integration = Integration(
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


def _kind_of(settings: Settings) -> Kind:
    return POST_MONITORING_RESULTS if isinstance(settings, MonitoringPostSettings) else CONNECT_API


def _field_of(kind: Kind) -> Sequence[str]:
    return POST_FIELD if kind is POST_MONITORING_RESULTS else CONNECTION_FIELD


async def _check_kind_of_app(kind: Kind, using: Using, *, caller: Caller) -> None:
    """Nobody is told to sign in first for what cannot be had there anyway."""
    if isinstance(using, ThroughApp):
        app = await installed_apps.find(caller.team_id, using.installed_app_id, field=INSTALLED_APP_FIELD)
        check_offered(kind, provider=app.provider, field=_field_of(kind))


async def _prepare(settings: Settings, *, grant: Grant, services: Services, budget: Budget) -> Ready:
    match settings:
        case MonitoringPostSettings():
            return await posts.prepare(settings, grant=grant, services=services)
        case ApiConnectionSettings():
            return await connections.prepare(settings, grant=grant, services=services, budget=budget)
