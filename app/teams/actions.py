"""A team and who belongs to it: founded, added, given another role, removed.

`actor` is the member who does it; None stands for the operator's command line, which may do everything.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from tortoise.exceptions import IntegrityError

from app.access.callers import Role
from app.access.rules import ADMINISTERING
from app.errors import Refusal, UserErrorCode
from app.log.actors import Actor
from app.log.events import Change
from app.log.quotas import MEMBERS, require_room
from app.sealing.secret import Secret
from app.services import Services
from app.teams.events import MemberAdded, MemberRemoved, MemberRoleChanged, SignInLinkCreated
from app.teams.models import AccessToken, BrowserSession, Member, SignInLink, Team
from app.teams.names import check_email, check_name
from app.teams.permissions import find_member
from app.teams.secrets import make_secret
from app.teams.sign_in_links import INVITE_LIFETIME, address_of, save_link

LAST_ADMIN = "A team keeps one ADMIN: make somebody else one first."


@dataclass(frozen=True)
class Founded:
    team: Team
    admin: Member


@dataclass(frozen=True)
class Invited:
    """A member, and the address that signs their browser in once."""

    member: Member
    invite_url: Secret


async def create_team(*, name: str, admin_name: str, admin_email: str, services: Services) -> Founded:
    """Make a team and its first ADMIN. Raises Refusal ALREADY_EXISTS where a team has that name, INVALID."""
    team_name, member_name, email = check_name(name), check_name(admin_name, field=("adminName",)), check_email(admin_email)
    team_id = uuid4()

    async def found(change: Change) -> Founded:
        team = await Team.create(id=team_id, name=team_name, created_at=change.now)
        admin = await _join(change, name=member_name, email=email, role=Role.ADMIN)
        return Founded(team, admin)

    try:
        return await services.events.found(team_id, found)
    except IntegrityError:  # the name is the one thing in it that another team can have
        message = f"There is a team named {team_name} already."
        raise Refusal(UserErrorCode.ALREADY_EXISTS, message, field=("name",)) from None


async def add_member(*, team_id: UUID, actor: Actor | None, name: str, email: str, role: Role, services: Services) -> Invited:
    """Add a member, with a link for their browser; the same e-mail address of somebody who has left is that member again.

    Raises Refusal ALREADY_EXISTS where a member has that address, CONFLICT where the team has as many as it may, INVALID,
    FORBIDDEN.
    """
    member_name, address = check_name(name), check_email(email)
    link = make_secret(services.entropy)

    async def add(change: Change) -> Member:
        await _require_admin(change)
        former = await Member.get_or_none(team_id=team_id, email=address)
        if former is not None and not former.has_left:
            message = f"{former.name} has this e-mail address, and is a member already."
            raise Refusal(UserErrorCode.ALREADY_EXISTS, message, field=("email",))
        member = await _join(change, name=member_name, email=address, role=role, former=former)
        await save_link(member.id, link, now=change.now, lifetime=INVITE_LIFETIME)
        return member

    member = await services.events.change(team_id, add, actor=actor)
    return Invited(member, address_of(link, settings=services.settings))


async def make_way_back(*, team_id: UUID, actor: Actor | None, member_id: UUID, services: Services) -> Invited:
    """Make a link that signs a browser in as the member, once, within a day; earlier ones of theirs work no longer.

    Raises Refusal NOT_FOUND, FORBIDDEN.
    """
    link = make_secret(services.entropy)

    async def make(change: Change) -> Member:
        await _require_admin(change)
        member = await _present_member(change, member_id)
        await SignInLink.filter(member_id=member.id, used_at=None, expires_at__gt=change.now).update(expires_at=change.now)
        await save_link(member.id, link, now=change.now, lifetime=INVITE_LIFETIME)
        await change.record(SignInLinkCreated(member.id, member.name))
        return member

    member = await services.events.change(team_id, make, actor=actor)
    return Invited(member, address_of(link, settings=services.settings))


async def change_role(*, team_id: UUID, actor: Actor | None, member_id: UUID, role: Role, services: Services) -> Member:
    """Give a member another role; their tokens stay, and reach as far as the role does.

    Raises Refusal NOT_FOUND, CONFLICT for the last ADMIN, FORBIDDEN.
    """

    async def give(change: Change) -> Member:
        await _require_admin(change)
        member = await _present_member(change, member_id)
        if member.role is role:
            return member
        await _require_other_admin(change, member)
        previous, member.role = member.role, role
        await member.save(update_fields=["role"])
        await change.record(MemberRoleChanged(member.id, member.name, status=role, previous_status=previous))
        return member

    return await services.events.change(team_id, give, actor=actor)


async def remove_member(*, team_id: UUID, actor: Actor | None, member_id: UUID, services: Services) -> Member:
    """Let a member leave: whatever signs them in ends in the same transaction.

    Raises Refusal NOT_FOUND, CONFLICT for the last ADMIN, FORBIDDEN.
    """

    async def remove(change: Change) -> Member:
        await _require_admin(change)
        member = await _present_member(change, member_id)
        await _require_other_admin(change, member)
        member.left_at = change.now
        # The row first: whoever signs in at this moment holds it, and what they got is ended by the next statement.
        await member.save(update_fields=["left_at"])
        await _end_credentials(member, change.now)
        await change.record(MemberRemoved(member.id, member.name))
        return member

    return await services.events.change(team_id, remove, actor=actor, is_free=True)


async def _join(change: Change, *, name: str, email: str, role: Role, former: Member | None = None) -> Member:
    await require_room(MEMBERS, Member.filter(team_id=change.team_id, left_at__isnull=True), quotas=change.quotas)
    member = former or Member(id=uuid4(), team_id=change.team_id, email=email)
    member.name, member.role, member.joined_at, member.left_at = name, role, change.now, None
    await member.save(force_create=former is None)
    await change.record(MemberAdded(member.id, name, role))
    return member


async def _require_admin(change: Change) -> None:
    """Look again, now that nothing can come between: the role may have changed since the request came in."""
    if change.actor_id is None:
        return
    member = await find_member(change, change.actor_id)
    if member is None or not ADMINISTERING.admits(member.role):
        raise Refusal(UserErrorCode.FORBIDDEN, "Only a Team Admin may do this.")


async def _present_member(change: Change, member_id: UUID) -> Member:
    member = await find_member(change, member_id)
    if member is None:
        raise Refusal(UserErrorCode.NOT_FOUND, "The team has no such member.", field=("id",))
    return member


async def _require_other_admin(change: Change, member: Member) -> None:
    if member.role is not Role.ADMIN:
        return
    others = Member.filter(team_id=change.team_id, role=Role.ADMIN, left_at=None).exclude(id=member.id)
    if not await others.exists():
        raise Refusal(UserErrorCode.CONFLICT, LAST_ADMIN, field=("id",))


async def _end_credentials(member: Member, now: datetime) -> None:
    await AccessToken.filter(member_id=member.id, revoked_at=None).update(revoked_at=now)
    await BrowserSession.filter(member_id=member.id, ended_at=None).update(ended_at=now)
    await SignInLink.filter(member_id=member.id, used_at=None).update(used_at=now)
