"""Who may do what with an installed app."""

from dataclasses import replace

from app.errors import Forbidden, Refusal, UserErrorCode
from app.events import Change
from app.graphql.callers import Caller, Role, Scope
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Sharing
from app.sign_ins.models import Grant
from app.teams.models import Member

WORKING = frozenset({InstalledAppStatus.ACTIVE, InstalledAppStatus.UNREACHABLE})
"""The statuses in which an installed app can be put to use; that it cannot be reached may pass by itself."""


async def look_again(change: Change, caller: Caller, *, needs: Role = Role.MEMBER) -> Caller:
    """Return the caller with the role that they have, now that nothing can come between. Raises FORBIDDEN for too little."""
    member = await Member.get_or_none(id=caller.member_id, team_id=change.team_id, left_at__isnull=True)
    if member is None or not member.role.covers(needs):
        role = f"Your role in this team is {member.role}" if member is not None else "You are no longer a member of this team"
        raise Refusal(UserErrorCode.FORBIDDEN, f"{role}; this needs {needs}. Ask a Team Admin.")
    return replace(caller, role=member.role)


def require_scope(caller: Caller, scope: Scope) -> None:
    """Raise Forbidden where the caller's access token does not reach that far."""
    if not caller.has_any(scope):
        raise Forbidden(f"This access token does not reach that far: it needs the scope {scope}.")


def refuse_unless_admin(caller: Caller) -> None:
    """Raise FORBIDDEN before anything is asked of anybody; `look_again` decides."""
    if not caller.is_admin:
        raise Refusal(UserErrorCode.FORBIDDEN, f"Your role in this team is {caller.role}; this needs ADMIN. Ask a Team Admin.")


def is_shared_authorization(app: InstalledApp) -> bool:
    """Whether it holds the authorization itself, rather than the team's OAuth client."""
    return CATALOGUE[app.provider].sharing is Sharing.SHARED_AUTHORIZATION


def may_edit(caller: Caller, app: InstalledApp) -> bool:
    """Whether the caller is an admin or, of what holds an authorization, who set it up."""
    own = is_shared_authorization(app) and app.installed_by_id == caller.member_id
    return caller.is_admin or (caller.can_write and own)


def may_delete(caller: Caller) -> bool:
    return caller.is_admin


def may_reauthenticate(caller: Caller, app: InstalledApp) -> bool:
    return caller.can_write and is_shared_authorization(app)


def may_use_without_signing_in(caller: Caller, app: InstalledApp, *, own: Grant | None = None) -> bool:
    """Whether the caller could add an integration with it now, without a sign-in; `own` is their own grant at a Git server."""
    holds_one = is_shared_authorization(app) or (own is not None and (own.trouble is None or own.trouble.is_passing))
    return caller.can_write and holds_one and app.status in WORKING
