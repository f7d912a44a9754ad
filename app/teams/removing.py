"""Letting a member leave the team."""

from datetime import datetime
from uuid import UUID

import strawberry

from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.log.actors import Actor
from app.log.events import Change
from app.services import Services
from app.teams.events import MemberRemoved
from app.teams.inputs import key_of_member
from app.teams.models import AccessToken, BrowserSession, Member, SignInLink
from app.teams.permissions import find_present, require_admin, require_other_admin
from app.teams.types import TeamMember


@strawberry.input(description="Who leaves the team.")
class RemoveTeamMemberInput:
    id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="The member who has left.")
@attributes(PUBLIC_ATTRIBUTE)
class RemoveTeamMemberPayload:
    removed_team_member: TeamMember | None = strawberry.field(default=None, description="Who has left, with `leftAt` set.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@mutation(
    ADMINISTERING,
    description=(
        "Let a member leave: their tokens, browser sessions and own authorizations end, and integrations that used those stop. "
        "A team keeps one ADMIN."
    ),
)
async def remove_team_member(info: Info, input: RemoveTeamMemberInput) -> RemoveTeamMemberPayload:
    caller = info.context.viewer
    member = await remove_member(
        team_id=caller.team_id,
        actor=caller.actor,
        member_id=key_of_member(input.id),
        services=info.context.services,
    )
    return RemoveTeamMemberPayload(removed_team_member=TeamMember.of(member))


async def remove_member(*, team_id: UUID, actor: Actor | None, member_id: UUID, services: Services) -> Member:
    """Let a member leave: whatever signs them in ends in the same transaction.

    Raises Refusal NOT_FOUND, CONFLICT for the last ADMIN, FORBIDDEN.
    """

    async def remove(change: Change) -> Member:
        await require_admin(change)
        member = await find_present(change, member_id)
        await require_other_admin(change, member)
        member.left_at = change.now
        # The row first: whoever signs in at this moment holds it, and what they got is ended by the next statement.
        await member.save(update_fields=["left_at"])
        await _end_credentials(member, change.now)
        await change.record(MemberRemoved(member.id, member.name))
        return member

    return await services.events.change(team_id, remove, actor=actor, is_free=True)


async def _end_credentials(member: Member, now: datetime) -> None:
    await AccessToken.filter(member_id=member.id, revoked_at=None).update(revoked_at=now)
    await BrowserSession.filter(member_id=member.id, ended_at=None).update(ended_at=now)
    await SignInLink.filter(member_id=member.id, used_at=None).update(used_at=now)
