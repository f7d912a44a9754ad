"""Who may do what with an installed app."""

from dataclasses import replace

from app.access.callers import Caller, Role
from app.access.rules import ADMINISTERING, CHANGING, CHANGING_OWN, Rule, role_error
from app.errors import Refusal, UserErrorCode
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.log.events import Change
from app.providers.catalogue import CATALOGUE
from app.providers.contract import SharingModel
from app.sign_ins.models import Grant
from app.teams.models import Member

WORKING = frozenset({InstalledAppStatus.ACTIVE, InstalledAppStatus.UNREACHABLE})
"""The statuses in which an installed app can be put to use; that it cannot be reached may pass by itself."""


async def recheck_role(change: Change, caller: Caller, *, rule: Rule = CHANGING) -> Caller:
    """Return the caller with the role that they have, now that nothing can come between. Raises FORBIDDEN for too little."""
    member = await Member.get_or_none(id=caller.member_id, team_id=change.team_id, left_at__isnull=True)
    if member is None:
        message = f"You are no longer a member of this team; this needs {rule.role}. Ask a Team Admin."
        raise Refusal(UserErrorCode.FORBIDDEN, message)
    refuse_unless_admitted(member.role, rule)
    return replace(caller, role=member.role)


def refuse_unless_admitted(role: Role, rule: Rule) -> None:
    """Raise FORBIDDEN for a role that does not suffice."""
    if not rule.admits(role):
        raise role_error(role, rule.role)


def is_shared_authorization(app: InstalledApp) -> bool:
    """Whether it holds a member's sign-in, rather than the team's OAuth client or a secret that an admin has pasted."""
    return CATALOGUE[app.provider].sharing is SharingModel.SHARED_AUTHORIZATION


def is_shared_secret(app: InstalledApp) -> bool:
    """Whether it holds a secret that an admin has pasted."""
    return CATALOGUE[app.provider].sharing is SharingModel.SHARED_SECRET


def may_edit(caller: Caller, app: InstalledApp) -> bool:
    """Whether the caller is an admin or, of what holds a sign-in, who set it up."""
    rule = CHANGING_OWN if is_shared_authorization(app) else ADMINISTERING
    return rule.admits(caller.role, is_own=app.installed_by_id == caller.member_id)


def may_delete(caller: Caller) -> bool:
    return ADMINISTERING.admits(caller.role)


def may_reauthenticate(caller: Caller, app: InstalledApp) -> bool:
    return CHANGING.admits(caller.role) and is_shared_authorization(app)


def may_use_without_signing_in(caller: Caller, app: InstalledApp, *, own: Grant | None = None) -> bool:
    """Whether the caller could add an integration with it now, without a sign-in; `own` is their own grant at a Git server."""
    holds_one = app.oauth_client_id is None or (own is not None and (own.trouble is None or own.trouble.is_passing))
    return CHANGING.admits(caller.role) and holds_one and app.status in WORKING
