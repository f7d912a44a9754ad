"""Identities of the OIDC issuer: each is a member that we know already, or nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from app.access.callers import Caller, scopes_of
from app.errors import Refusal
from app.oidc.claims import Claims, Expected
from app.settings import Settings
from app.teams.models import Member
from app.teams.names import check_email

BEARER_TYPES: frozenset[str | None] = frozenset({"jwt", "at+jwt"})
"""RFC 7519, section 5.1; RFC 9068, section 2.1. What an issuer signs for other ends (logout tokens) has other types."""


@dataclass(frozen=True)
class Identity:
    """A verified e-mail, in the spelling by which members are known, in one team."""

    team_id: UUID
    email: str


def expected_of_bearers(settings: Settings) -> Expected:
    """Return what a JWT has to say to be somebody's credential."""
    return Expected(
        issuer=settings.oidc_issuer or "",
        audience=settings.oidc_audience or "",
        team_claim=settings.oidc_team_claim or "",
        types=BEARER_TYPES,
    )


def email_of(claims: Claims) -> str | None:
    """Return the verified e-mail as members have it; None where there is none that a member could have."""
    try:
        return check_email(claims.verified_email) if claims.verified_email is not None else None
    except Refusal:
        return None


def identity_of(claims: Claims) -> Identity | None:
    """Return whom the claims name; None without a verified e-mail or a team's id, spelled as `team list` prints it."""
    email, team_id = email_of(claims), read_id(claims.team)
    return Identity(team_id, email) if email is not None and team_id is not None else None


async def find_members(identities: Sequence[Identity]) -> dict[Identity, Member]:
    """Return those who are members now."""
    teams, emails = {one.team_id for one in identities}, {one.email for one in identities}
    members = await Member.filter(team_id__in=list(teams), email__in=list(emails), left_at=None)
    return {Identity(member.team_id, member.email): member for member in members}


def caller_of(member: Member, claims: Claims, *, issuer: str) -> Caller:
    """Return the caller that the member is until the token ends: with every scope that their role allows, and no more."""
    return Caller(
        team_id=member.team_id,
        member_id=member.id,
        role=member.role,
        scopes=scopes_of(member.role),
        credential_id=uuid5(member.id, f"{issuer} {claims.subject}"),
        is_session=False,
        expires_at=claims.expires_at,
        is_of_issuer=True,
    )


def read_id(text: str | None) -> UUID | None:
    """Return the id that a text spells as `team list` prints it; None for any other."""
    try:
        read = UUID(text) if text is not None else None
    except ValueError:
        return None
    return read if str(read) == text else None
