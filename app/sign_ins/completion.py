"""After the callback: the code becomes a grant, or the sign-in a failed one. Never half of either."""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from app.errors import SealError
from app.log.actors import Actor
from app.log.events import Change
from app.providers.contract import Client, Failure, Fault, Identity, Tokens, Unwanted, missing_scopes
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins import grants, oauth_clients
from app.sign_ins.callbacks import Returned
from app.sign_ins.clients import client_of, describe_refused, explain, provider_of, sign_in_of
from app.sign_ins.endings import ANSWERED, replace
from app.sign_ins.events import AuthorizationCompleted, AuthorizationFailed, MemberSignedIn
from app.sign_ins.faults import sign_in_failure
from app.sign_ins.grants import CHECKS
from app.sign_ins.models import (
    Authorization,
    AuthorizationFailureCode,
    AuthorizationStatus,
    Grant,
    GrantState,
    StatusReason,
)
from app.sign_ins.sealing import seal_tokens
from app.storage import database

EXCHANGE_DEADLINE = 20.0
WAITS = timedelta(hours=1)

_SAVE_AGAIN_AFTER = (0.1, 0.5, 2.0, 5.0)  # seconds: the provider has given its tokens, and the database is away for a moment

_ERROR_CODE = re.compile(r"[a-z]{1,20}(?:_[a-z]{1,20}){0,5}")


@dataclass(frozen=True)
class SignInFailure:
    """Why the sign-in does not become a grant."""

    code: AuthorizationFailureCode
    message: str


async def complete(returned: Returned, *, services: Services, deadline: float = EXCHANGE_DEADLINE) -> Authorization:
    """Carry a sign-in to its end, in a task of the process, and return it as it then is.

    `deadline` is in seconds, for all that the provider is asked. Tokens that are not wanted after all are given back; but
    not those that no key is there to seal.
    """
    row = returned.authorization
    return await services.single_flight.join(
        ("complete", row.id), lambda: _complete(returned, services=services, deadline=deadline)
    )


async def _complete(returned: Returned, *, services: Services, deadline: float) -> Authorization:
    outcome = await _exchange(returned, services=services, deadline=deadline)
    if isinstance(outcome, SignInFailure):
        return await _end(returned, None, outcome, services=services)
    grant_id = uuid4()  # one for all tries: the first may have been saved without our hearing of it
    for pause in _SAVE_AGAIN_AFTER:
        try:
            return await _save(returned, grant_id, outcome, services=services)
        except database.OUTAGES:
            await asyncio.sleep(pause)
    return await _save(returned, grant_id, outcome, services=services)


async def _save(
    returned: Returned, grant_id: UUID, traded: tuple[Tokens, Identity] | Unwanted, *, services: Services
) -> Authorization:
    row = returned.authorization
    tokens, identity = (traded.tokens, _unused(traded)) if isinstance(traded, Unwanted) else traded
    try:
        grant = await _make_grant(row, grant_id, tokens, identity, services=services)
    except SealError:
        return await _end(returned, None, _NO_KEY, services=services)
    if isinstance(traded, Unwanted):
        return await _end(returned, grant, _failure(row, traded.failure), services=services)
    return await _end(returned, grant, await _find_mismatch(row, tokens, identity), services=services)


def _unused(unwanted: Unwanted) -> Identity:
    """Return what stands in the row of tokens that nobody uses, until they are given back."""
    return Identity(account_id=unwanted.account_id, account_name=unwanted.account_id)


async def _exchange(
    returned: Returned, *, services: Services, deadline: float
) -> tuple[Tokens, Identity] | Unwanted | SignInFailure:
    row, provider = returned.authorization, provider_of(returned.authorization)
    if returned.code is None:
        return _read_error(returned.error or "", provider_name=provider.name)
    try:
        client = await client_of(row, services=services)
        if not isinstance(client, Client):
            return SignInFailure(AuthorizationFailureCode.CLIENT_REFUSED, explain(row, client))
        verifier = await _open_verifier(row, services=services)
    except SealError:
        return _NO_KEY
    try:
        async with asyncio.timeout(deadline):
            outcome = await sign_in_of(row).exchange(
                client=client,
                code=returned.code,
                verifier=verifier,
                redirect_uri=row.redirect_uri,
                now=services.clock.now(),
                outbound=services.outbound,
            )
    except TimeoutError:
        outcome = Failure(Fault.UNREACHABLE, f"{provider.name} did not answer in time.")
    return _failure(row, outcome) if isinstance(outcome, Failure) else outcome


def _failure(row: Authorization, failure: Failure) -> SignInFailure:
    return SignInFailure(sign_in_failure(failure), describe_refused(row, failure))


async def _open_verifier(row: Authorization, *, services: Services) -> Secret:
    return await services.vault.open(bytes(row.sealed_verifier or b""), bound_to=row.binding("sealed_verifier"))


async def _find_mismatch(row: Authorization, tokens: Tokens, identity: Identity) -> SignInFailure | None:
    missing = missing_scopes(tokens.scopes, wanted=provider_of(row).scopes)
    if missing:
        message = f"Not everything was granted that is needed: {', '.join(missing)} is missing."
        return SignInFailure(AuthorizationFailureCode.MISSING_SCOPES, message)
    if row.wanted_account_id is not None and identity.account_id != row.wanted_account_id:
        wanted = await grants.name_of_account(row.provider, row.wanted_account_id, team_id=row.team_id)
        message = f"This was a sign-in to {identity.account_name}, and it was begun for {wanted}: choose that one there."
        return SignInFailure(AuthorizationFailureCode.WRONG_ACCOUNT, message)
    return None


async def _make_grant(row: Authorization, grant_id: UUID, tokens: Tokens, identity: Identity, *, services: Services) -> Grant:
    now = services.clock.now()
    grant = Grant(
        id=grant_id,
        team_id=row.team_id,
        member_id=row.member_id,
        provider=row.provider,
        oauth_client_id=row.oauth_client_id,
        origin=row.origin,
        client_id=row.client_id,
        redirect_uri=row.redirect_uri,
        account_id=identity.account_id,
        account_name=identity.account_name,
        actor_id=identity.actor_id,
        url=identity.url,
        version=1,
        created_at=now,
        last_checked_at=now,
    )
    sealed = await seal_tokens(tokens, grant, version=1, now=now, services=services)
    return grant.update_from_dict(sealed.columns())


async def _end(returned: Returned, grant: Grant | None, failure: SignInFailure | None, *, services: Services) -> Authorization:
    row = returned.authorization

    async def end(change: Change) -> Authorization:
        fresh = await Authorization.get(id=row.id)
        if grant is not None and await Grant.exists(id=grant.id):
            return fresh  # the connection broke off after all between the commit and its answer
        is_open = fresh.status is AuthorizationStatus.PENDING
        if grant is not None:
            await _save_grant(change, grant, is_wanted=is_open and failure is None)
        if is_open and grant is not None and failure is None:
            await _succeed(change, fresh, grant)
        elif is_open:
            await fail(change, fresh, failure or _NO_KEY)
        return fresh

    return await services.events.change(row.team_id, end, actor=Actor(row.member_id, returned.origin), is_free=True)


async def _save_grant(change: Change, grant: Grant, *, is_wanted: bool) -> None:
    """Save the grant: to wait, as the member's own at once, or else to be given back with the same care as any other."""
    if not is_wanted:
        grant.state, grant.revoking_since, grant.next_revocation_at = GrantState.REVOKING, change.now, change.now
    elif grant.oauth_client_id is None:
        grant.state = GrantState.WAITING
    else:
        grant.state, grant.next_check_at = GrantState.ACTIVE, CHECKS.next(grant.id, now=change.now)
    await grant.save(force_create=True)


async def _succeed(change: Change, row: Authorization, grant: Grant) -> None:
    row.update_from_dict(ANSWERED)
    row.status, row.connected_to, row.grant_id = AuthorizationStatus.COMPLETED, grant.account_name, grant.id
    row.expires_at = change.now + WAITS if grant.oauth_client_id is None else None
    await row.save()
    await change.record(AuthorizationCompleted(row.id, grant.account_name, provider_of(row).name))
    if grant.oauth_client_id is not None:
        await replace(change, grant)
        await oauth_clients.record_recovery(change, grant.oauth_client_id)
        await change.record(MemberSignedIn(grant.oauth_client_id, grant.member_id, grant.id))


async def fail(change: Change, row: Authorization, failure: SignInFailure) -> None:
    """End the sign-in within the change, and record why. A client that was refused is in trouble for its whole team."""
    row.update_from_dict(ANSWERED)
    row.status, row.failure_code, row.failure_message = AuthorizationStatus.FAILED, failure.code, failure.message
    row.expires_at, row.ended_at = None, change.now
    await row.save()
    await change.record(AuthorizationFailed(row.id, provider_of(row).name, failure.message))
    if row.oauth_client_id is not None and failure.code is AuthorizationFailureCode.CLIENT_REFUSED:
        await oauth_clients.record_trouble(change, row.oauth_client_id, StatusReason.CLIENT_REFUSED, failure.message)


def _read_error(error: str, *, provider_name: str) -> SignInFailure:
    """Read the `error` of a callback (RFC 6749, section 4.1.2.1)."""
    if error == "access_denied":
        return SignInFailure(AuthorizationFailureCode.DENIED, f"It was declined at {provider_name}.")
    told = f" ({error})" if _ERROR_CODE.fullmatch(error) else ""
    return SignInFailure(AuthorizationFailureCode.PROVIDER_REFUSED, f"{provider_name} refused the sign-in{told}.")


CUT_OFF = SignInFailure(
    AuthorizationFailureCode.PROVIDER_UNREACHABLE, "This server was stopped before the sign-in was finished: begin another."
)
_NO_KEY = SignInFailure(
    AuthorizationFailureCode.PROVIDER_UNREACHABLE, "A key of this server is missing: its operator has to bring it back."
)
