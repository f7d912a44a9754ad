"""What follows for sign-ins when something happens below."""

from app.log.events import Change
from app.sign_ins import endings, grants
from app.sign_ins.models import LIVE, Authorization, AuthorizationStatus, Grant, GrantState, StatusReason
from app.teams.events import MemberRemoved


async def end_their_grants(change: Change, domain_event: MemberRemoved) -> None:
    """Give back what was the member's own. What they set up for the team stays."""
    theirs = Authorization.filter(team_id=change.team_id, member_id=domain_event.member_id)
    for row in await theirs.filter(status=AuthorizationStatus.PENDING):
        await endings.close(change, row, "the member who began it has left the team.")
    for row in await theirs.filter(status=AuthorizationStatus.COMPLETED):
        await endings.mark_revoked(change, row)
    owned = Grant.filter(team_id=change.team_id, member_id=domain_event.member_id, is_shared=False, state__in=LIVE)
    for grant in await owned.order_by("created_at", "id"):
        if grant.state is GrantState.WAITING:
            await grants.retire(change, grant.id)
        else:
            message = f"{domain_event.name}, whose own sign-in it used, has left the team."
            await grants.end(change, grant.id, reason=StatusReason.AUTHORIZATION_ENDED, message=message)
