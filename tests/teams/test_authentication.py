import asyncio
import logging
import os
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from starlette.requests import HTTPConnection

from app.access.callers import Role, Scope, scopes_of
from app.errors import Unauthenticated
from app.log.watcher import Watcher
from app.sealing.secret import Secret
from app.services import Services
from app.teams.access_tokens import sign_in_with_token
from app.teams.authentication import Authenticator
from app.teams.changing_roles import change_role
from app.teams.creating_tokens import create as create_access_token
from app.teams.models import AccessToken, Member, Team
from app.teams.removing import remove_member
from app.teams.revoking_tokens import revoke as revoke_access_token
from app.teams.secrets import make_token
from app.teams.sessions import cookie_name
from app.teams.sign_in_links import make_sign_in_link, use_sign_in_link
from tests.held import HeldClock, HeldSeconds
from tests.teams.people import by_session, cancel, found, join

MUTATIONS = st.tuples(st.integers(0, 40), st.characters())


def request(**headers: str) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "method": "POST", "path": "/graphql", "headers": raw})


async def token_of(member: Member, *scopes: Scope, services: Services, days: int = 90) -> Secret:
    created = await create_access_token(
        caller=by_session(member), name="CI", scopes=scopes, expires_in_days=days, services=services
    )
    return created.token


async def cookie_of(member: Member, *, services: Services) -> str:
    link = (await make_sign_in_link(member_id=member.id, services=services)).reveal().rpartition("/")[2]
    session = await use_sign_in_link(Secret(link), services=services)
    assert session is not None
    return f"{cookie_name(services.settings)}={session.cookie.reveal()}"


async def test_a_token_says_who_is_asking_with_which_scopes_and_until_when(services: Services, clock: HeldClock) -> None:
    admin = (await found(services)).admin
    token = await token_of(admin, Scope.READ, Scope.RUNS_WRITE, services=services, days=2)

    for scheme in ("Bearer", "bearer", "BEARER "):
        caller = await Authenticator(services).authenticate(request(), f"{scheme} {token.reveal()}")

        assert caller is not None
        assert (caller.team_id, caller.member_id, caller.role) == (admin.team_id, admin.id, Role.ADMIN)
        assert (caller.scopes, caller.is_session) == (frozenset({Scope.READ, Scope.RUNS_WRITE}), False)
        assert caller.credential_id == (await AccessToken.get()).id
        assert caller.expires_at == clock.now() + timedelta(days=2)


async def test_the_role_is_the_members_present_one(services: Services) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    token = await token_of(bob, Scope.READ, services=services)
    await change_role(team_id=team.id, actor=None, member_id=bob.id, role=Role.VIEWER, services=services)

    caller = await Authenticator(services).authenticate(request(), f"Bearer {token.reveal()}")

    assert caller is not None
    assert caller.role is Role.VIEWER


async def test_without_authorization_and_session_nobody_is_asking(services: Services) -> None:
    assert await Authenticator(services).authenticate(request(), None) is None


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "ia_x", "Bearer a b", "Bearer é", "Bearer x"])
async def test_what_is_no_bearer_token_is_refused_even_beside_a_good_session(services: Services, authorization: str) -> None:
    admin = (await found(services)).admin
    cookie = await cookie_of(admin, services=services)

    with pytest.raises(Unauthenticated):
        await Authenticator(services).authenticate(request(cookie=cookie), authorization)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(MUTATIONS, min_size=1, max_size=3))
async def test_a_mistyped_token_is_refused_before_anything_is_asked(services: Services, changes: list[tuple[int, str]]) -> None:
    token = list(make_token(os.urandom).reveal())
    before = "".join(token)
    for place, character in changes:
        token[place] = character
    if "".join(token) == before:
        return

    answer = Authenticator(services).authenticate(request(), f"Bearer {''.join(token)}")

    with pytest.raises(Unauthenticated):
        answer.send(None)  # a query would suspend it here instead


async def test_an_unknown_a_revoked_and_an_expired_token_are_refused_each_with_its_reason(
    services: Services, clock: HeldClock
) -> None:
    admin = (await found(services)).admin
    unknown = make_token(os.urandom)
    revoked = await token_of(admin, Scope.READ, services=services)
    row = await AccessToken.get()
    await revoke_access_token(caller=by_session(admin), token_id=row.id, services=services)
    expired = await token_of(admin, Scope.READ, services=services, days=1)
    clock.advance(timedelta(days=1))

    reasons = {token: await refusal_of(token, services=services) for token in (unknown, revoked, expired)}

    assert reasons == {
        unknown: "This access token is not known here.",
        revoked: "This access token was revoked.",
        expired: "This access token has expired: make another.",
    }


async def test_a_token_is_read_once_a_second(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    admin = (await found(services)).admin
    token = await token_of(admin, Scope.READ, services=services)
    seconds = HeldSeconds()
    authenticator = Authenticator(services, monotonic=seconds)
    read = []

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        for _ in range(3):
            caplog.clear()
            await authenticator.authenticate(request(), f"Bearer {token.reveal()}")
            await authenticator.settle()
            read.append(sum('"access_token"."hash" =' in message for message in caplog.messages))
            seconds.now += 0.6

    assert read == [1, 0, 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("revoked", "This access token was revoked."),
        ("left", "The member whose access token this is has left the team."),
        ("another role", Role.VIEWER),
    ],
)
async def test_what_was_read_of_a_token_holds_no_longer_than_until_its_team_has_news(
    services: Services, change: str, told: str
) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    token = await token_of(bob, Scope.READ, services=services)
    another = replace(services, watcher=Watcher())
    here, elsewhere = (Authenticator(each, monotonic=lambda: 0.0) for each in (services, another))
    authorization = f"Bearer {token.reveal()}"
    for each in (here, elsewhere):
        await each.authenticate(request(), authorization)
        await each.settle()

    match change:
        case "revoked":
            row = await AccessToken.get()
            await revoke_access_token(caller=by_session(bob), token_id=row.id, services=services)
        case "left":
            await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=services)
        case _:
            await change_role(team_id=team.id, actor=None, member_id=bob.id, role=Role.VIEWER, services=services)

    told_here = await role_or_refusal(here, authorization)
    told_there = await role_or_refusal(elsewhere, authorization)
    another.watcher.wake(team.id)
    told_there_once_woken = await role_or_refusal(elsewhere, authorization)

    assert told_here == told
    assert told_there == Role.MEMBER  # for a second at most
    assert told_there_once_woken == told


async def test_the_token_of_a_member_who_left_is_refused(services: Services) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    token = await token_of(bob, Scope.READ, services=services)
    await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=services)

    assert await refusal_of(token, services=services) == "The member whose access token this is has left the team."


async def test_the_last_use_is_noted_at_most_every_five_minutes(services: Services, clock: HeldClock) -> None:
    admin = (await found(services)).admin
    token = await token_of(admin, Scope.READ, services=services)
    authenticator = Authenticator(services)
    start = clock.now()
    noted = []

    for minutes in (0, 4, 1, 1):
        clock.advance(timedelta(minutes=minutes))
        await asyncio.gather(*(authenticator.authenticate(request(), f"Bearer {token.reveal()}") for _ in range(5)))
        await authenticator.settle()
        noted.append((await AccessToken.get()).last_used_at)

    assert noted == [start, start, start + timedelta(minutes=5), start + timedelta(minutes=5)]


async def test_a_crowd_that_comes_with_as_many_tokens_is_noted_by_few_writes(
    services: Services, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    admin = (await found(services)).admin
    tokens = [await token_of(admin, Scope.READ, services=services) for _ in range(40)]
    authenticator = Authenticator(services)

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await asyncio.gather(*(authenticator.authenticate(request(), f"Bearer {token.reveal()}") for token in tokens))
        await authenticator.settle()

    assert {row.last_used_at for row in await AccessToken.all()} == {clock.now()}
    assert 0 < sum('UPDATE "access_token"' in message for message in caplog.messages) <= 3


async def test_the_last_use_is_noted_after_the_clock_was_set_back_too(services: Services, clock: HeldClock) -> None:
    token = await token_of((await found(services)).admin, Scope.READ, services=services)
    authenticator = Authenticator(services)

    for _ in range(2):
        await authenticator.authenticate(request(), f"Bearer {token.reveal()}")
        await authenticator.settle()
        assert (await AccessToken.get()).last_used_at == clock.now()
        clock.advance(-timedelta(hours=1))


async def test_a_session_has_every_scope_and_ends_after_fourteen_days(services: Services, clock: HeldClock) -> None:
    admin = (await found(services)).admin
    cookie = await cookie_of(admin, services=services)
    authenticator = Authenticator(services)

    caller = await authenticator.authenticate(request(cookie=cookie), None)

    assert caller is not None
    assert (caller.member_id, caller.is_session, caller.has_any(Scope.ADMIN)) == (admin.id, True, True)
    assert caller.expires_at == clock.now() + timedelta(days=14)
    clock.advance(timedelta(days=14))
    assert await authenticator.authenticate(request(cookie=cookie), None) is None


async def test_the_session_of_a_member_who_left_does_not_count(services: Services) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    cookie = await cookie_of(bob, services=services)
    await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=services)

    assert await Authenticator(services).authenticate(request(cookie=cookie), None) is None


async def test_another_cookie_is_nobody(services: Services) -> None:
    await found(services)

    for value in ("", "x", "é", "0" * 4000):
        raw: dict[str, Any] = {"cookie": f"{cookie_name(services.settings)}={value}"}
        assert await Authenticator(services).authenticate(request(**raw), None) is None


@pytest.mark.parametrize("ending", ["role", "removal", "revocation", "revocation of the session's token"])
@pytest.mark.parametrize("is_late", [True, False])
async def test_whoever_listens_is_told_when_their_credential_ends(services: Services, ending: str, is_late: bool) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    token = await token_of(bob, *scopes_of(Role.MEMBER), services=services)
    authenticator = Authenticator(services)
    by_cookie = ending.endswith("session's token")
    session = await sign_in_with_token(token, services=services)
    assert session is not None
    cookie = f"{cookie_name(services.settings)}={session.cookie.reveal()}"
    authorization = None if by_cookie else f"Bearer {token.reveal()}"
    caller = await authenticator.authenticate(request(cookie=cookie), authorization)
    assert caller is not None
    watching = asyncio.create_task(services.watcher.run())
    waiting = None if is_late else asyncio.create_task(authenticator.until_ended(caller))
    await add_somebody_else(services, team)

    match ending:
        case "role":
            await change_role(team_id=team.id, actor=None, member_id=bob.id, role=Role.VIEWER, services=services)
        case "removal":
            await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=services)
        case _:
            row = await AccessToken.get()
            await revoke_access_token(caller=by_session(bob), token_id=row.id, services=services)

    async with asyncio.timeout(5):
        await (waiting or authenticator.until_ended(caller))
    await cancel(watching)
    await authenticator.settle()


async def test_whoever_listens_goes_on_while_others_leave(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    caller = await Authenticator(services).authenticate(request(cookie=await cookie_of(founded.admin, services=services)), None)
    assert caller is not None
    watching = asyncio.create_task(services.watcher.run())
    authenticator = Authenticator(services)
    waiting = asyncio.create_task(authenticator.until_ended(caller))

    await remove_member(team_id=bob.team_id, actor=None, member_id=bob.id, services=services)

    async with aclosing(services.watcher.follow(bob.team_id, after=2)) as seen:
        assert (await anext(seen)).type == "TEAM_MEMBER_REMOVED"
    assert not waiting.done()
    await cancel(waiting, watching)
    await authenticator.settle()


async def add_somebody_else(services: Services, team: Team) -> None:
    """Let the log have an event that ends nobody's credential here."""
    await join(services, team, name="Cid", role=Role.VIEWER)


async def role_or_refusal(authenticator: Authenticator, authorization: str) -> str:
    try:
        caller = await authenticator.authenticate(request(), authorization)
    except Unauthenticated as error:
        return error.message
    assert caller is not None
    return caller.role


async def refusal_of(token: Secret, *, services: Services) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await Authenticator(services).authenticate(request(), f"Bearer {token.reveal()}")
    return refused.value.message
