"""What happens to a grant: it is used, gets into trouble and out of it, and ends. All but `note_*` run inside a change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.errors import Refusal, UserErrorCode
from app.log.events import Change
from app.log.quotas import TROUBLES_OF_DAY
from app.services import Services
from app.sign_ins.events import GrantEnded, GrantRecovered, GrantTroubled, RenewalTurned
from app.sign_ins.inputs import no_such_sign_in
from app.sign_ins.models import LIVE, Authorization, AuthorizationStatus, Grant, GrantState, StatusReason
from app.storage.scheduling import Schedule

CHECKS = Schedule("next_check_at", every=timedelta(days=1), jitter=timedelta(hours=3))
"""When grants are asked about."""


async def use(
    change: Change,
    authorization_id: UUID,
    *,
    member_id: UUID,
    shared: bool,
    wanted_account_id: str | None,
    field: Sequence[str],
) -> Grant:
    """Put a finished sign-in of the member's to work, for the team (`shared`) or for one integration, and return its grant.

    Raises Refusal (`field` in it): NOT_FOUND also for another member's, AUTHORIZATION_* for one that does not wait to be used,
    WRONG_ACCOUNT where `wanted_account_id` is another's.
    """
    authorization = await Authorization.get_or_none(id=authorization_id, team_id=change.team_id, member_id=member_id)
    if authorization is None:
        raise no_such_sign_in(field=field)
    _refuse_unless_completed(authorization, now=change.now, field=field)
    grant = await Grant.get_or_none(id=authorization.grant_id, state=GrantState.WAITING)
    if grant is None:
        raise Refusal(UserErrorCode.INVALID, "This sign-in is not one that could be used here.", field=field)
    if grant.trouble is not None and grant.trouble.needs_reauthentication:
        raise Refusal(UserErrorCode.AUTHORIZATION_FAILED, f"{grant.trouble_message} Begin another sign-in.", field=field)
    if wanted_account_id is not None and grant.account_id != wanted_account_id:
        wanted = await name_of_account(grant.provider, wanted_account_id, team_id=change.team_id)
        message = (
            f"This sign-in is for {grant.account_name}, and this needs one for {wanted}: sign in again, and choose {wanted}."
        )
        raise Refusal(UserErrorCode.WRONG_ACCOUNT, message, field=field)
    grant.state, grant.is_shared = GrantState.ACTIVE, shared
    grant.next_check_at = CHECKS.next(grant.id, now=change.now)
    await grant.save(update_fields=["state", "is_shared", "next_check_at"])
    authorization.status, authorization.expires_at = AuthorizationStatus.USED, None
    authorization.ended_at = change.now
    await authorization.save(update_fields=["status", "expires_at", "ended_at"])
    return grant


async def name_of_account(provider: str, account_id: str, *, team_id: UUID) -> str:
    """Return what the team knows a provider's account as, such as a workspace's name."""
    named = await Grant.filter(team_id=team_id, provider=provider, account_id=account_id).order_by("-created_at", "-id").first()
    return named.account_name if named is not None else "the account that was connected before"


async def live_grant_of(oauth_client_id: UUID, member_id: UUID) -> Grant | None:
    """Return the member's own grant at a team's OAuth client, working or not; there is never more than one."""
    return await Grant.get_or_none(oauth_client_id=oauth_client_id, member_id=member_id, state=GrantState.ACTIVE)


async def retire(change: Change, grant_id: UUID) -> bool:
    """Have the grant given back: it was replaced, or nothing uses it any more. Nobody is told; returns whether it was live."""
    retired = await Grant.filter(id=grant_id, team_id=change.team_id, state__in=LIVE).update(
        state=GrantState.REVOKING, revoking_since=change.now, next_revocation_at=change.now, next_check_at=None
    )
    return retired == 1


async def end(change: Change, grant_id: UUID, *, reason: StatusReason, message: str) -> None:
    """Have the grant given back and stop, for `reason`, whatever uses it."""
    if await retire(change, grant_id):
        await change.record(GrantEnded(grant_id, reason, message))


async def note_trouble(grant: Grant, reason: StatusReason, message: str, *, services: Services) -> None:
    """Write down that the grant, as it was read, does not work; what has been refreshed, used or ended since is not touched."""

    async def trouble(change: Change) -> None:
        row = await Grant.get_or_none(id=grant.id, version=grant.version, state__in=LIVE)
        if row is None or row.trouble is reason or _outweighs(row.trouble, reason):
            return
        if reason.is_passing and not change.let(TROUBLES_OF_DAY):
            return
        row.trouble, row.trouble_message = reason, message
        await row.save(update_fields=["trouble", "trouble_message"])
        await change.record(GrantTroubled(grant.id, reason, message))

    await services.events.change(grant.team_id, trouble)


async def note_recovery(grant: Grant, *, services: Services) -> None:
    """Write down that the grant works, where it was in trouble; a provider cannot make a team change its mind without end."""

    async def recover(change: Change) -> None:
        row = await Grant.get_or_none(id=grant.id, version=grant.version, state__in=LIVE)
        if row is None or row.trouble is None or row.trouble is not grant.trouble:
            return
        if not change.let(TROUBLES_OF_DAY):
            return
        row.trouble = row.trouble_message = None
        await row.save(update_fields=["trouble", "trouble_message"])
        await change.record(GrantRecovered(grant.id))

    if grant.trouble is not None:
        await services.events.change(grant.team_id, recover)


async def note_renewal(grant: Grant, *, services: Services) -> None:
    """Say that the provider refuses to renew the grant, or no longer does; what a day allows no more, a daily look finds."""

    async def turn(change: Change) -> None:
        if await Grant.filter(id=grant.id, state__in=LIVE).exists() and change.let(TROUBLES_OF_DAY):
            await change.record(RenewalTurned(grant.id))

    await services.events.change(grant.team_id, turn)


def _outweighs(present: StatusReason | None, reason: StatusReason) -> bool:
    """Whether what passes by itself comes to a grant that needs its member anyway."""
    return present is not None and present.needs_reauthentication and not reason.needs_reauthentication


_NOT_COMPLETED = {
    AuthorizationStatus.PENDING: (UserErrorCode.AUTHORIZATION_PENDING, "This sign-in is not finished: finish it in the browser."),
    AuthorizationStatus.FAILED: (UserErrorCode.AUTHORIZATION_FAILED, "This sign-in failed: begin another."),
    AuthorizationStatus.REVOKED: (UserErrorCode.AUTHORIZATION_FAILED, "This sign-in was ended: begin another."),
    AuthorizationStatus.USED: (UserErrorCode.AUTHORIZATION_USED, "This sign-in has been used: begin another."),
    AuthorizationStatus.EXPIRED: (UserErrorCode.AUTHORIZATION_EXPIRED, "This sign-in was left too long: begin another."),
}


def _refuse_unless_completed(authorization: Authorization, *, now: datetime, field: Sequence[str]) -> None:
    status = authorization.status_at(now)
    if status is AuthorizationStatus.COMPLETED:
        return
    code, message = _NOT_COMPLETED[status]
    if status is AuthorizationStatus.FAILED and authorization.failure_message:
        message = f"{authorization.failure_message} Begin another sign-in."
    raise Refusal(code, message, field=field)
