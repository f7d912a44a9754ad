"""Giving a member another role."""

from uuid import UUID

import strawberry

from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.log.actors import Actor
from app.log.events import Change
from app.services import Services
from app.teams.enums import Role
from app.teams.events import MemberRoleChanged
from app.teams.inputs import key_of_member
from app.teams.models import Member
from app.teams.permissions import find_present, require_admin, require_other_admin
from app.teams.types import TeamMember


@strawberry.input(description="Which member gets which role.")
class ChangeTeamMemberRoleInput:
    id: strawberry.ID = strawberry.field(description="The member.")
    role: Role = strawberry.field(description="What they may do from now on.")


@strawberry.type(description="The member as they are now.")
@attributes(PUBLIC_ATTRIBUTE)
class ChangeTeamMemberRolePayload:
    member: TeamMember | None = strawberry.field(default=None, description="Whose role it is.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@mutation(
    ADMINISTERING,
    description="Give a member another role. A team keeps one ADMIN. Their open subscriptions end, to be opened anew.",
)
async def change_team_member_role(info: Info, input: ChangeTeamMemberRoleInput) -> ChangeTeamMemberRolePayload:
    caller = info.context.viewer
    member = await change_role(
        team_id=caller.team_id,
        actor=caller.actor,
        member_id=key_of_member(input.id),
        role=input.role,
        services=info.context.services,
    )
    return ChangeTeamMemberRolePayload(member=TeamMember.of(member))


async def change_role(*, team_id: UUID, actor: Actor | None, member_id: UUID, role: Role, services: Services) -> Member:
    """Give a member another role; their tokens stay, and reach as far as the role does.

    Raises Refusal NOT_FOUND, CONFLICT for the last ADMIN, FORBIDDEN.
    """

    async def give(change: Change) -> Member:
        await require_admin(change)
        member = await find_present(change, member_id)
        if member.role is role:
            return member
        await require_other_admin(change, member)
        previous, member.role = member.role, role
        await member.save(update_fields=["role"])
        await change.record(MemberRoleChanged(member.id, member.name, status=role, previous_status=previous))
        return member

    return await services.events.change(team_id, give, actor=actor)
