"""Who may do what with an integration, and finding the one that they mean."""

from collections.abc import Sequence
from uuid import UUID

from app.access.callers import Caller
from app.access.rules import CHANGING, CHANGING_OWN
from app.errors import Refusal, UserErrorCode
from app.graphql.inputs import not_found
from app.integrations.models import Integration
from app.log.events import Change
from app.teams.permissions import recheck_role


def may_edit(caller: Caller, integration: Integration) -> bool:
    """Whether the caller made it or is an admin: they edit, pause, resume and delete it."""
    return CHANGING_OWN.admits(caller.role, is_own=integration.created_by_id == caller.member_id)


def may_reauthenticate(caller: Caller) -> bool:
    """Any member may: that is how a team gets unstuck."""
    return CHANGING.admits(caller.role)


async def find_integration(team_id: UUID, integration_id: UUID, *, field: Sequence[str] = ("id",)) -> Integration:
    """Return the team's integration. Raises NOT_FOUND, for a deleted one too."""
    integration = await Integration.get_or_none(id=integration_id, team_id=team_id, deleted_at__isnull=True)
    if integration is None:
        raise not_found(field=field)
    return integration


async def find_editable(change: Change, integration_id: UUID, *, caller: Caller, field: Sequence[str] = ("id",)) -> Integration:
    """The same, for a caller who is about to change it. Raises FORBIDDEN unless they made it or are an admin."""
    viewer = await recheck_role(change, caller)
    integration = await find_integration(change.team_id, integration_id, field=field)
    check_editable(viewer, integration)
    return integration


def check_editable(caller: Caller, integration: Integration) -> None:
    """Raise FORBIDDEN unless the caller may edit it."""
    if not may_edit(caller, integration):
        raise Refusal(
            UserErrorCode.FORBIDDEN,
            f"Only who made “{integration.name}” and Team Admins may change it. Re-authenticating it is open to every member.",
        )
