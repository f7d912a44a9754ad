"""Adding a member to a team."""

from dataclasses import dataclass
from uuid import UUID

import strawberry

from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.scalars import URL
from app.log.actors import Actor
from app.log.events import Change
from app.sealing.secret import Secret
from app.services import Services
from app.teams.enums import Role
from app.teams.founding import join
from app.teams.models import Member
from app.teams.names import check_email, check_name
from app.teams.permissions import require_admin
from app.teams.secrets import make_secret
from app.teams.sign_in_links import INVITE_LIFETIME, address_of, save_link
from app.teams.types import TeamMember


@strawberry.input(description="Whom to add to the team.")
class AddTeamMemberInput:
    name: str = strawberry.field(description="For people; 1 to 200 characters.")
    email: str = strawberry.field(description="By which they are known. That of somebody who left brings that member back.")
    role: Role = strawberry.field(description="What they may do.")


@strawberry.type(description="The new member.")
@attributes(PUBLIC_ATTRIBUTE)
class AddTeamMemberPayload:
    member: TeamMember | None = strawberry.field(default=None, description="Who was added.")
    invite_url: URL | None = strawberry.field(
        default=None,
        description="Signs the new member's browser in once, within 24 hours; shown once. `createSignInLink` makes another.",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@mutation(ADMINISTERING, description="Add a member, with a link that signs their browser in once.")
async def add_team_member(info: Info, input: AddTeamMemberInput) -> AddTeamMemberPayload:
    caller = info.context.viewer
    invited = await add_member(
        team_id=caller.team_id,
        actor=caller.actor,
        name=input.name,
        email=input.email,
        role=input.role,
        services=info.context.services,
    )
    return AddTeamMemberPayload(member=TeamMember.of(invited.member), invite_url=URL(invited.invite_url.reveal()))


@dataclass(frozen=True)
class Invited:
    """A member, and the address that signs their browser in once."""

    member: Member
    invite_url: Secret


async def add_member(*, team_id: UUID, actor: Actor | None, name: str, email: str, role: Role, services: Services) -> Invited:
    """Add a member, with a link for their browser; the same e-mail address of somebody who has left is that member again.

    `actor` is the member who does it; None stands for the operator's command line, which may do everything.

    Raises Refusal ALREADY_EXISTS where a member has that address, CONFLICT where the team has as many as it may, INVALID,
    FORBIDDEN.
    """
    member_name, address = check_name(name), check_email(email)
    link = make_secret(services.entropy)

    async def add(change: Change) -> Member:
        await require_admin(change)
        former = await Member.get_or_none(team_id=team_id, email=address)
        if former is not None and not former.has_left:
            message = f"{former.name} has this e-mail address, and is a member already."
            raise Refusal(UserErrorCode.ALREADY_EXISTS, message, field=("email",))
        member = await join(change, name=member_name, email=address, role=role, former=former)
        await save_link(member.id, link, now=change.now, lifetime=INVITE_LIFETIME)
        return member

    member = await services.events.change(team_id, add, actor=actor)
    return Invited(member, address_of(link, settings=services.settings))
