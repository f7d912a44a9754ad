"""Founding a team, and a member's joining it. Founding is the operator's command line alone."""

from dataclasses import dataclass
from uuid import uuid4

from tortoise.exceptions import IntegrityError

from app.access.callers import Role
from app.errors import Refusal, UserErrorCode
from app.log.events import Change
from app.log.quotas import MEMBERS, require_room
from app.services import Services
from app.teams.events import MemberAdded
from app.teams.models import Member, Team
from app.teams.names import check_email, check_name


@dataclass(frozen=True)
class Founded:
    team: Team
    admin: Member


async def create_team(*, name: str, admin_name: str, admin_email: str, services: Services) -> Founded:
    """Make a team and its first ADMIN. Raises Refusal ALREADY_EXISTS where a team has that name, INVALID."""
    team_name, member_name, email = check_name(name), check_name(admin_name, field=("adminName",)), check_email(admin_email)
    team_id = uuid4()

    async def found(change: Change) -> Founded:
        team = await Team.create(id=team_id, name=team_name, created_at=change.now)
        admin = await join(change, name=member_name, email=email, role=Role.ADMIN)
        return Founded(team, admin)

    try:
        return await services.events.found(team_id, found)
    except IntegrityError:  # the name is the one thing in it that another team can have
        message = f"There is a team named {team_name} already."
        raise Refusal(UserErrorCode.ALREADY_EXISTS, message, field=("name",)) from None


async def join(change: Change, *, name: str, email: str, role: Role, former: Member | None = None) -> Member:
    """Let somebody be a member, within the change; `former` is the one who they were. Raises CONFLICT where there is no room."""
    await require_room(MEMBERS, Member.filter(team_id=change.team_id, left_at__isnull=True), quotas=change.quotas)
    member = former or Member(id=uuid4(), team_id=change.team_id, email=email)
    member.name, member.role, member.joined_at, member.left_at = name, role, change.now, None
    member.last_signed_in_at = None
    await member.save(force_create=former is None)
    await change.record(MemberAdded(member.id, name, role))
    return member
