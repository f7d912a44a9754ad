"""Who may change what, asked again within the change that it is about: roles change while a provider is asked."""

from dataclasses import replace
from uuid import UUID

from app.access.callers import Caller, Role
from app.access.rules import ADMINISTERING, CHANGING, Rule, role_error
from app.errors import Refusal, UserErrorCode
from app.log.events import Change
from app.teams.models import Member

LAST_ADMIN = "A team keeps one ADMIN: make somebody else one first."


async def recheck_role(change: Change, caller: Caller, *, rule: Rule = CHANGING) -> Caller:
    """Return the caller with the role that they have, now that nothing can come between. Raises FORBIDDEN for too little."""
    member = await find_member(change, caller.member_id)
    if member is None:
        message = f"You are no longer a member of this team; this needs {rule.role}. Ask a Team Admin."
        raise Refusal(UserErrorCode.FORBIDDEN, message)
    refuse_unless_admitted(member.role, rule)
    return replace(caller, role=member.role)


def refuse_unless_admitted(role: Role, rule: Rule) -> None:
    """Raise FORBIDDEN for a role that does not suffice."""
    if not rule.admits(role):
        raise role_error(role, rule.role)


async def find_member(change: Change, member_id: UUID) -> Member | None:
    """Return the present member of the change's team; None for who has left it, or never was in it."""
    return await Member.get_or_none(id=member_id, team_id=change.team_id, left_at__isnull=True)


async def require_admin(change: Change) -> None:
    """Raise FORBIDDEN unless who makes the change still is an ADMIN, or is the operator, whose changes have no actor."""
    if change.actor_id is None:
        return
    member = await find_member(change, change.actor_id)
    if member is None or not ADMINISTERING.admits(member.role):
        raise Refusal(UserErrorCode.FORBIDDEN, "Only a Team Admin may do this.")


async def find_present(change: Change, member_id: UUID) -> Member:
    """Return the present member whom an input names. Raises NOT_FOUND."""
    member = await find_member(change, member_id)
    if member is None:
        raise Refusal(UserErrorCode.NOT_FOUND, "The team has no such member.", field=("id",))
    return member


def may_administer(caller: Caller) -> bool:
    """Whether the caller adds members, changes their roles, removes them and makes their way back in."""
    return ADMINISTERING.admits(caller.role)


async def require_other_admin(change: Change, member: Member) -> None:
    """Raise CONFLICT where the member is the team's last ADMIN."""
    if member.role is not Role.ADMIN:
        return
    others = Member.filter(team_id=change.team_id, role=Role.ADMIN, left_at=None).exclude(id=member.id)
    if not await others.exists():
        raise Refusal(UserErrorCode.CONFLICT, LAST_ADMIN, field=("id",))
