import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from app.access.callers import Caller, Role, Scope, scopes_of
from app.errors import Refusal, Unauthenticated, UserErrorCode
from app.sealing.secret import Secret
from app.services import Services
from app.teams.access_tokens import CreatedToken, issue_access_token, sign_in_with_token
from app.teams.changing_roles import change_role
from app.teams.creating_tokens import create as create_access_token
from app.teams.models import AccessToken, BrowserSession, Member
from app.teams.removing import remove_member
from app.teams.revoking_tokens import revoke as revoke_access_token
from app.teams.secrets import hash_of, is_token, make_token
from tests.held import HeldClock
from tests.teams.people import by_session, by_token, found, join, log, rows


async def create(services: Services, caller: Caller, *scopes: Scope, name: str = "CI", days: int = 90) -> CreatedToken:
    return await create_access_token(caller=caller, name=name, scopes=scopes, expires_in_days=days, services=services)


async def test_a_token_is_kept_as_its_hash_alone(services: Services, clock: HeldClock) -> None:
    admin = (await found(services)).admin

    created = await create(services, by_session(admin), Scope.RUNS_WRITE, Scope.READ, Scope.READ, name=" CI ", days=7)

    row = await AccessToken.get()
    text = created.token.reveal()
    assert is_token(text)
    assert (row.id, row.member_id, row.name, row.last_four) == (created.row.id, admin.id, "CI", text[-4:])
    assert (row.hash, row.scopes) == (hash_of(created.token), frozenset({Scope.READ, Scope.RUNS_WRITE}))
    assert (row.created_at, row.expires_at) == (clock.now(), clock.now() + timedelta(days=7))
    assert (row.last_used_at, row.revoked_at) == (None, None)
    assert (await log())[-1] == ("ACCESS_TOKEN_CREATED", "Ada made the access token “CI”.")
    assert text not in repr(await rows())


@pytest.mark.parametrize(
    ("name", "scopes", "days", "field"),
    [
        ("", [Scope.READ], 90, "name"),
        ("x" * 201, [Scope.READ], 90, "name"),
        ("CI", [], 90, "scopes"),
        ("CI", [Scope.READ], 0, "expiresInDays"),
        ("CI", [Scope.READ], 366, "expiresInDays"),
        ("CI", [Scope.READ], -(2**31), "expiresInDays"),
    ],
)
async def test_what_makes_no_sense_makes_no_token(
    services: Services, name: str, scopes: list[Scope], days: int, field: str
) -> None:
    admin = (await found(services)).admin
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await create(services, by_session(admin), *scopes, name=name, days=days)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, (field,))
    assert await rows() == before


@pytest.mark.parametrize("days", [1, 365])
async def test_a_token_may_be_good_for_a_day_or_a_year(services: Services, days: int) -> None:
    admin = (await found(services)).admin

    created = await create(services, by_session(admin), Scope.READ, days=days)

    assert created.row.expires_at - created.row.created_at == timedelta(days=days)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("scope", Scope)
async def test_no_token_has_a_scope_that_its_members_role_does_not_allow(services: Services, role: Role, scope: Scope) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=role)
    before = await rows()

    if scope in scopes_of(role):
        assert (await create(services, by_session(bob), scope)).row.scopes == {scope}
        return
    with pytest.raises(Refusal) as refused:
        await create(services, by_session(bob), scope)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.FORBIDDEN, ("scopes",))
    assert await rows() == before


async def test_no_token_has_more_scopes_than_the_token_that_made_it(services: Services) -> None:
    admin = (await found(services)).admin
    caller = by_token(admin, Scope.ADMIN, Scope.READ)
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await create(services, caller, Scope.READ, Scope.RUNS_WRITE)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.FORBIDDEN, ("scopes",))
    assert await rows() == before
    assert (await create(services, caller, Scope.READ, Scope.ADMIN)).row.scopes == {Scope.READ, Scope.ADMIN}


async def test_the_role_counts_as_it_is_at_the_change_not_as_it_was_at_the_request(services: Services) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.ADMIN)
    caller = by_session(bob)
    await change_role(team_id=team.id, actor=None, member_id=bob.id, role=Role.VIEWER, services=services)
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await create(services, caller, Scope.ADMIN)

    assert refused.value.code is UserErrorCode.FORBIDDEN
    assert await rows() == before


async def test_a_token_revoked_meanwhile_makes_no_other(services: Services) -> None:
    admin = (await found(services)).admin
    first = await create(services, by_session(admin), Scope.ADMIN)
    caller = replace(by_token(admin, Scope.ADMIN), credential_id=first.row.id)
    await revoke_access_token(caller=caller, token_id=first.row.id, services=services)
    before = await rows()

    with pytest.raises(Unauthenticated):
        await create(services, caller, Scope.ADMIN)

    assert await rows() == before


async def test_a_member_who_left_meanwhile_gets_no_token(services: Services) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=services)
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await create(services, by_session(bob), Scope.READ)

    assert refused.value.code is UserErrorCode.NOT_FOUND
    assert await rows() == before


async def test_the_operator_makes_a_token_for_any_member(services: Services) -> None:
    founded = await found(services)

    created = await issue_access_token(
        team_id=founded.team.id,
        member_id=founded.admin.id,
        name="Script",
        scopes=scopes_of(Role.ADMIN),
        expires_in_days=1,
        services=services,
    )

    assert created.row.scopes == frozenset(Scope)


async def test_a_revoked_token_ends_with_the_sessions_that_it_opened(services: Services, clock: HeldClock) -> None:
    admin = (await found(services)).admin
    created = await create(services, by_session(admin), *Scope)
    assert await sign_in_with_token(created.token, services=services) is not None

    await revoke_access_token(caller=by_session(admin), token_id=created.row.id, services=services)

    assert (await AccessToken.get()).revoked_at == clock.now()
    assert (await BrowserSession.get()).ended_at == clock.now()
    assert (await log())[-1] == ("ACCESS_TOKEN_REVOKED", "Ada's access token “CI” was revoked.")


async def test_only_ones_own_tokens_can_be_revoked_and_only_once(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    his = (await create(services, by_session(bob), Scope.READ)).row
    revoked = (await create(services, by_session(founded.admin), Scope.READ)).row
    await revoke_access_token(caller=by_session(founded.admin), token_id=revoked.id, services=services)
    before = await rows()

    for token_id in (his.id, revoked.id, uuid4()):
        with pytest.raises(Refusal) as refused:
            await revoke_access_token(caller=by_session(founded.admin), token_id=token_id, services=services)
        assert (refused.value.code, refused.value.field) == (UserErrorCode.NOT_FOUND, ("id",))

    assert await rows() == before


async def test_of_many_who_revoke_it_at_once_one_does(services: Services) -> None:
    admin = (await found(services)).admin
    created = await create(services, by_session(admin), Scope.READ)

    outcomes = await asyncio.gather(
        *(revoke_access_token(caller=by_session(admin), token_id=created.row.id, services=services) for _ in range(5)),
        return_exceptions=True,
    )

    assert outcomes.count(None) == 1
    assert [kind for kind, _ in await log()].count("ACCESS_TOKEN_REVOKED") == 1


async def test_a_session_ends_with_the_token_that_opened_it(services: Services, clock: HeldClock) -> None:
    admin = (await found(services)).admin
    created = await create(services, by_session(admin), *Scope, days=3)

    session = await sign_in_with_token(created.token, services=services)

    row = await BrowserSession.get()
    assert session is not None
    assert (row.expires_at, row.access_token_id) == (clock.now() + timedelta(days=3), created.row.id)


@pytest.mark.parametrize("trouble", ["narrow", "revoked", "expired", "left", "unknown", "mistyped"])
async def test_a_token_that_is_no_good_opens_no_session(services: Services, clock: HeldClock, trouble: str) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    scopes = {Scope.READ, Scope.RUNS_WRITE} if trouble == "narrow" else scopes_of(Role.MEMBER)
    token = (await create(services, by_session(bob), *scopes, days=1)).token
    token = await spoil(trouble, token, bob, services=services, clock=clock)

    assert await sign_in_with_token(token, services=services) is None

    assert await BrowserSession.all().count() == 0


async def spoil(trouble: str, token: Secret, member: Member, *, services: Services, clock: HeldClock) -> Secret:
    """Do to the token what the trouble is, and return what is given in its place."""
    match trouble:
        case "revoked":
            row = await AccessToken.get()
            await revoke_access_token(caller=by_session(member), token_id=row.id, services=services)
        case "expired":
            clock.advance(timedelta(days=1))
        case "left":
            await remove_member(team_id=member.team_id, actor=None, member_id=member.id, services=services)
        case "unknown":
            return make_token(os.urandom)
        case "mistyped":
            return Secret(token.reveal()[:-1])
    return token
