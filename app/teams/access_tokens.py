"""Access tokens: made and revoked, by the operator too, and given once to sign a browser in."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from app.access.callers import Role, Scope, scopes_of
from app.access.rules import Rule
from app.errors import Refusal, UserErrorCode
from app.log.events import Change
from app.log.quotas import ACCESS_TOKENS, ACCESS_TOKENS_OF_MEMBER, require_room
from app.sealing.secret import Secret
from app.services import Services
from app.storage import database
from app.teams.events import AccessTokenCreated, AccessTokenRevoked
from app.teams.models import AccessToken, BrowserSession, Member
from app.teams.names import check_name
from app.teams.permissions import find_member
from app.teams.secrets import hash_of, is_token, make_secret, make_token
from app.teams.sessions import OpenedSession, open_session

OWN_TOKENS = Rule(Role.VIEWER, (Scope.ADMIN,))
"""Who may make and revoke their own."""

LONGEST_DAYS = 365
DEFAULT_DAYS = 90
NO_SUCH_TOKEN = "You have no such access token."  # noqa: S105 - a sentence


@dataclass(frozen=True)
class CreatedToken:
    """A new token's row, and the token itself, which nobody can read again."""

    row: AccessToken
    token: Secret


async def issue_access_token(
    *, team_id: UUID, member_id: UUID, name: str, scopes: Collection[Scope], expires_in_days: int, services: Services
) -> CreatedToken:
    """Make a token for a member, as the operator. Raises Refusal INVALID, FORBIDDEN (scopes), NOT_FOUND, CONFLICT."""
    wanted = WantedToken.check(name=name, scopes=scopes, expires_in_days=expires_in_days)
    token = make_token(services.entropy)

    async def issue(change: Change) -> AccessToken:
        return await keep_token(change, member_id, wanted, token)

    return CreatedToken(await services.events.change(team_id, issue), token)


async def revoke_issued_token(*, team_id: UUID, token_id: UUID, services: Services) -> None:
    """Revoke any token of the team's, as the operator. Raises Refusal NOT_FOUND."""

    async def revoke(change: Change) -> None:
        of_team = AccessToken.get_or_none(id=token_id, member__team_id=change.team_id, revoked_at=None)
        row = await of_team.select_related("member")
        if row is None:
            raise Refusal(UserErrorCode.NOT_FOUND, "The team has no such token in force.", field=("id",))
        await end_token(change, row)

    await services.events.change(team_id, revoke, is_free=True)


async def end_token(change: Change, row: AccessToken) -> None:
    """Revoke it, within the change, with the browser sessions that it opened; its member is read."""
    await AccessToken.filter(id=row.id).update(revoked_at=change.now)
    await BrowserSession.filter(access_token_id=row.id, ended_at=None).update(ended_at=change.now)
    await change.record(AccessTokenRevoked(row.id, row.name, row.member.name))


async def sign_in_with_token(token: Secret, *, services: Services) -> OpenedSession | None:
    """Open a browser session for the token's member, which ends with the token; None when the token is no good for that.

    Neither is one that has fewer scopes than its member's role allows: a session has no scopes, and would be more than the token.
    """
    if not is_token(token.reveal()):
        return None
    cookie, now = make_secret(services.entropy), services.clock.now()

    async def open_(_: BaseDBAsyncClient) -> OpenedSession | None:
        presented = AccessToken.filter(hash=hash_of(token))
        found = await presented.first()
        # The member first, then the token: as their removal does. What is looked at then stays so until the commit.
        member = await Member.filter(id=found.member_id, left_at=None).select_for_update().first() if found is not None else None
        row = await presented.select_for_update().first() if member is not None else None
        if row is None or member is None or not row.is_good(now) or not row.scopes >= scopes_of(member.role):
            return None
        return await open_session(member.id, cookie, now=now, until=row.expires_at, access_token_id=row.id)

    return await database.write(open_)


@dataclass(frozen=True)
class WantedToken:
    """What a token is to be; `check` raises Refusal INVALID."""

    name: str
    scopes: frozenset[Scope]
    lifetime: timedelta

    @classmethod
    def check(cls, *, name: str, scopes: Collection[Scope], expires_in_days: int) -> "WantedToken":
        checked = check_name(name)
        if not scopes:
            raise Refusal(UserErrorCode.INVALID, "A token needs at least one scope.", field=("scopes",))
        if not 1 <= expires_in_days <= LONGEST_DAYS:
            message = f"A token is good for 1 to {LONGEST_DAYS} days."
            raise Refusal(UserErrorCode.INVALID, message, field=("expiresInDays",))
        return cls(checked, frozenset(scopes), timedelta(days=expires_in_days))


async def _require_room(change: Change, member: Member) -> None:
    in_force = AccessToken.filter(revoked_at__isnull=True, expires_at__gt=change.now)
    await require_room(ACCESS_TOKENS_OF_MEMBER, in_force.filter(member_id=member.id), quotas=change.quotas)
    await require_room(ACCESS_TOKENS, in_force.filter(member__team_id=change.team_id), quotas=change.quotas)


async def keep_token(change: Change, member_id: UUID, wanted: WantedToken, token: Secret) -> AccessToken:
    """Keep the token for the member, within the change. Raises Refusal FORBIDDEN (scopes), NOT_FOUND, CONFLICT."""
    member = await find_member(change, member_id)
    if member is None:
        raise Refusal(UserErrorCode.NOT_FOUND, "The team has no such member.")
    if not wanted.scopes <= scopes_of(member.role):
        beyond = ", ".join(scope for scope in Scope if scope in wanted.scopes - scopes_of(member.role))
        raise Refusal(UserErrorCode.FORBIDDEN, f"The role {member.role} does not allow {beyond}.", field=("scopes",))
    await _require_room(change, member)
    row = await AccessToken.create(
        id=uuid4(),
        member_id=member.id,
        name=wanted.name,
        hash=hash_of(token),
        last_four=token.last_four,
        scope_names=" ".join(scope for scope in Scope if scope in wanted.scopes),
        created_at=change.now,
        expires_at=change.now + wanted.lifetime,
    )
    await change.record(AccessTokenCreated(row.id, row.name, member.name))
    return row
