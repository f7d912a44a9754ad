"""Who may do what with an integration."""

from app.access.callers import Caller
from app.access.rules import CHANGING, CHANGING_OWN
from app.integrations.models import Integration


def may_edit(caller: Caller, integration: Integration) -> bool:
    """Whether the caller made it or is an admin: they edit, pause, resume and delete it."""
    return CHANGING_OWN.admits(caller.role, is_own=integration.created_by_id == caller.member_id)


def may_reauthenticate(caller: Caller) -> bool:
    """Any member may: that is how a team gets unstuck."""
    return CHANGING.admits(caller.role)
