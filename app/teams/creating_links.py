"""Making a link by which a member gets back in."""

from uuid import UUID

import strawberry

from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.scalars import URL
from app.log.actors import Actor
from app.log.events import Change
from app.services import Services
from app.teams.adding import Invited
from app.teams.events import SignInLinkCreated
from app.teams.inputs import key_of_member
from app.teams.models import Member, SignInLink
from app.teams.permissions import find_present, require_admin
from app.teams.secrets import make_secret
from app.teams.sign_in_links import INVITE_LIFETIME, address_of, save_link
from app.teams.types import TeamMember


@strawberry.input(description="Whose way back in is wanted.")
class CreateSignInLinkInput:
    id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="A member's way back in.")
@attributes(PUBLIC_ATTRIBUTE)
class CreateSignInLinkPayload:
    member: TeamMember | None = strawberry.field(default=None, description="Whom the link signs in.")
    sign_in_url: URL | None = strawberry.field(
        default=None,
        description="Signs the member's browser in once, within 24 hours; shown once. It is for them alone.",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@mutation(
    ADMINISTERING,
    description=(
        "Make a link that signs a browser in as a member of the team: for who has lost their session, or never used their "
        "invitation. Earlier links of that member work no longer. The log says who made it and for whom."
    ),
)
async def create_sign_in_link(info: Info, input: CreateSignInLinkInput) -> CreateSignInLinkPayload:
    caller = info.context.viewer
    made = await make_way_back(
        team_id=caller.team_id,
        actor=caller.actor,
        member_id=key_of_member(input.id),
        services=info.context.services,
    )
    return CreateSignInLinkPayload(member=TeamMember.of(made.member), sign_in_url=URL(made.invite_url.reveal()))


async def make_way_back(*, team_id: UUID, actor: Actor | None, member_id: UUID, services: Services) -> Invited:
    """Make a link that signs a browser in as the member, once, within a day; earlier ones of theirs work no longer.

    Raises Refusal NOT_FOUND, FORBIDDEN.
    """
    link = make_secret(services.entropy)

    async def make(change: Change) -> Member:
        await require_admin(change)
        member = await find_present(change, member_id)
        await SignInLink.filter(member_id=member.id, used_at=None, expires_at__gt=change.now).update(expires_at=change.now)
        await save_link(member.id, link, now=change.now, lifetime=INVITE_LIFETIME)
        await change.record(SignInLinkCreated(member.id, member.name))
        return member

    member = await services.events.change(team_id, make, actor=actor)
    return Invited(member, address_of(link, settings=services.settings))
