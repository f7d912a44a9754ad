"""Ends of sign-ins: left open, replaced, or along with their member or the OAuth client that they were made with."""

from typing import Any

from app.log.events import Change
from app.sign_ins import grants
from app.sign_ins.clients import provider_of
from app.sign_ins.events import AuthorizationFailed, AuthorizationRevoked
from app.sign_ins.models import LIVE, Authorization, AuthorizationStatus, Grant, OAuthClient, StatusReason

ANSWERED: dict[str, Any] = {"sealed_ticket": None, "sealed_verifier": None, "cookie_hash": None}
"""What a sign-in whose callback has come keeps no longer. The state's hash stays: by it the page is known when it is reloaded."""

SHUT: dict[str, Any] = {**ANSWERED, "state_hash": None}
"""What a sign-in that is over without a callback keeps no longer."""


async def close(change: Change, row: Authorization, message: str) -> None:
    """Let an open sign-in expire now, and say so."""
    closed = await Authorization.filter(id=row.id, status=AuthorizationStatus.PENDING).update(
        status=AuthorizationStatus.EXPIRED, expires_at=change.now, ended_at=change.now, **SHUT
    )
    if closed:
        await change.record(AuthorizationFailed(row.id, provider_of(row).name, message))


async def mark_revoked(change: Change, row: Authorization) -> None:
    """Say that a finished sign-in is over. Its grant is ended by whoever calls."""
    row.status, row.ended_at = AuthorizationStatus.REVOKED, change.now
    await row.save(update_fields=["status", "ended_at"])
    await change.record(AuthorizationRevoked(row.id, row.connected_to or provider_of(row).name))


async def replace(change: Change, grant: Grant) -> None:
    """Give back what the member had at the grant's OAuth client before: the grant, just saved, stands in its place."""
    same = {"team_id": grant.team_id, "member_id": grant.member_id, "oauth_client_id": grant.oauth_client_id}
    for older in await Grant.filter(**same, state__in=LIVE).exclude(id=grant.id):
        await grants.retire(change, older.id)
        in_force = Authorization.filter(grant_id=older.id, status=AuthorizationStatus.COMPLETED)
        await in_force.update(status=AuthorizationStatus.REVOKED, ended_at=change.now)


async def end_client(change: Change, client: OAuthClient, *, why: str, tells: bool) -> None:
    """End a team's OAuth client with all that was signed in with it: grants are given back, then its secret is shredded.

    `why` is a whole sentence. `tells`: whatever uses one of the grants is told, and stops; else that is the caller's to do.
    """
    client.ended_at, client.trouble = change.now, None
    await client.save(update_fields=["ended_at", "trouble"])
    made = Authorization.filter(team_id=change.team_id, oauth_client_id=client.id).order_by("begun_at", "id")
    for row in await made.filter(status=AuthorizationStatus.PENDING):
        await close(change, row, why)
    for row in await made.filter(status=AuthorizationStatus.COMPLETED):
        await mark_revoked(change, row)
    for grant in await Grant.filter(oauth_client_id=client.id, state__in=LIVE).order_by("created_at", "id"):
        if tells:
            await grants.end(change, grant.id, reason=StatusReason.AUTHORIZATION_ENDED, message=why)
        else:
            await grants.retire(change, grant.id)
