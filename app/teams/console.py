"""Teams on the command line. Nobody is the actor: whoever can run it may do everything.

Everything here raises StatedProblem for what is wrong with what was asked.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from app.access.callers import Role, Scope, scopes_of
from app.errors import Refusal, StatedProblem
from app.sealing.secret import Secret
from app.services import Services
from app.teams import access_tokens, adding, changing_roles, founding, removing, sign_in_links
from app.teams.email_addresses import spell
from app.teams.models import AccessToken, Member, Team
from app.teams.names import check_email, check_name

TOKEN_NAME = "Command line"  # noqa: S105 - a name for people


async def create_team(*, name: str, admin_name: str, admin_email: str, services: Services) -> str:
    """Return the new team's id."""
    with _stated():
        founded = await founding.create_team(name=name, admin_name=admin_name, admin_email=admin_email, services=services)
    return str(founded.team.id)


async def list_teams() -> Sequence[str]:
    """Return a line for each team: id, name."""
    return [f"{team.id}\t{team.name}" for team in await Team.all().order_by("name")]


async def add_member(*, team: str, name: str, email: str, role: Role, services: Services) -> str:
    """Return the new member's id."""
    found = await find_team(team)
    with _stated():
        invited = await adding.add_member(team_id=found.id, actor=None, name=name, email=email, role=role, services=services)
    return str(invited.member.id)


async def list_members(*, team: str) -> Sequence[str]:
    """Return a line for each present member: id, role, e-mail address, name."""
    found = await find_team(team)
    rows = await Member.filter(team_id=found.id, left_at=None).order_by("joined_at", "id")
    return [f"{row.id}\t{row.role}\t{row.email}\t{row.name}" for row in rows]


async def members_out_of_reach() -> Sequence[str]:
    """Return the ids of present members who are not found by their e-mail address, since it was kept before its one spelling."""
    present = await Member.filter(left_at=None).order_by("id").values_list("id", "email")
    return [str(id_) for id_, email in present if spell(email) != email]


async def change_role(*, team: str, email: str, role: Role, services: Services) -> str:
    """Return the member's id."""
    member = await _member(team, email)
    with _stated():
        await changing_roles.change_role(team_id=member.team_id, actor=None, member_id=member.id, role=role, services=services)
    return str(member.id)


async def create_token(
    *, team: str, email: str, scopes: Sequence[Scope], days: int | None, services: Services, name: str = TOKEN_NAME
) -> Secret:
    """Return the token: with every scope that the role allows when none is named, for 90 days when no number is."""
    member = await _member(team, email)
    with _stated():
        created = await access_tokens.issue_access_token(
            team_id=member.team_id,
            member_id=member.id,
            name=name,
            scopes=scopes or scopes_of(member.role),
            expires_in_days=access_tokens.DEFAULT_DAYS if days is None else days,
            services=services,
        )
    return created.token


async def remove_member(*, team: str, email: str, services: Services) -> str:
    """Let the member leave; return their id."""
    member = await _member(team, email)
    with _stated():
        await removing.remove_member(team_id=member.team_id, actor=None, member_id=member.id, services=services)
    return str(member.id)


async def list_tokens(*, team: str, email: str | None, services: Services) -> Sequence[str]:
    """Return a line for each token in force, of one member or of all: id, last four, owner, scopes, end, last use, name."""
    owners = {"member": await _member(team, email)} if email is not None else {"member__team": await find_team(team)}
    in_force = AccessToken.filter(revoked_at__isnull=True, expires_at__gt=services.clock.now(), **owners)
    rows = await in_force.order_by("created_at", "id").select_related("member")
    return ["\t".join(_cells(row)) for row in rows]


def _cells(row: AccessToken) -> Iterator[str]:
    used = row.last_used_at
    yield from (str(row.id), f"…{row.last_four}", row.member.email, " ".join(scope for scope in Scope if scope in row.scopes))
    yield from (f"until {row.expires_at:%Y-%m-%d}", f"used {used:%Y-%m-%d}" if used is not None else "never used", row.name)


async def revoke_token(token_id: UUID, *, team: str, services: Services) -> str:
    """Revoke a token, with the browser sessions that it opened; return its id."""
    found = await find_team(team)
    with _stated():
        await access_tokens.revoke_issued_token(team_id=found.id, token_id=token_id, services=services)
    return str(token_id)


async def make_sign_in_link(*, team: str, email: str, services: Services) -> Secret:
    """Return the address that signs a browser in once, within ten minutes."""
    member = await _member(team, email)
    return await sign_in_links.make_sign_in_link(member_id=member.id, services=services)


async def find_team(name: str) -> Team:
    """Return the team of that name."""
    with _stated():
        wanted = check_name(name)
    team = await Team.get_or_none(name=wanted)
    if team is None:
        raise StatedProblem(f"There is no team named {name}; `team list` says which there are.")
    return team


async def _member(team: str, email: str) -> Member:
    found = await find_team(team)
    with _stated():
        address = check_email(email)
    member = await Member.get_or_none(team_id=found.id, email=address, left_at=None)
    if member is None:
        raise StatedProblem(f"{found.name} has no member {email}; `member list` says whom it has.")
    return member


@contextmanager
def _stated() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        raise StatedProblem(refusal.message) from None
