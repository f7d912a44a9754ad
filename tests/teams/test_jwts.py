"""JWTs of the operator's OIDC issuer: whose they are here, what they may be used for, and when that ends."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse

from app.access.callers import ALL_SCOPES, Caller, Role, Scope
from app.errors import Unauthenticated, Unavailable
from app.services import Services
from app.teams.adding import add_member
from app.teams.authentication import Authenticator
from app.teams.changing_roles import change_role
from app.teams.creating_tokens import create as create_access_token
from app.teams.removing import remove_member
from tests.held import HeldClock
from tests.oidc.forgeries import STRANGERS
from tests.teams.issued import Issued
from tests.teams.people import by_session, cancel, found, join, rows

REQUEST = HTTPConnection({"type": "http", "method": "POST", "path": "/graphql", "headers": []})


async def caller_with(token: str, *, services: Services) -> Caller:
    caller = await Authenticator(services).authenticate(REQUEST, f"Bearer {token}")
    assert caller is not None
    return caller


async def refusal_of(token: str, *, services: Services) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await caller_with(token, services=services)
    return refused.value.message


async def test_a_jwt_is_the_member_whose_verified_e_mail_it_names_until_it_expires(issued: Issued, clock: HeldClock) -> None:
    caller = await caller_with(issued.token_of(issued.ada, email="ADA@Example.com"), services=issued.services)

    assert (caller.team_id, caller.member_id, caller.role) == (issued.ada.team_id, issued.ada.id, Role.ADMIN)
    assert (caller.is_session, caller.is_of_issuer, caller.scopes) == (False, True, ALL_SCOPES)
    assert caller.expires_at == clock.now() + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("role", "scopes"),
    [(Role.VIEWER, {Scope.READ}), (Role.MEMBER, {Scope.READ, Scope.RUNS_WRITE, Scope.INTEGRATIONS_WRITE})],
)
async def test_its_scopes_are_what_the_members_present_role_allows(issued: Issued, role: Role, scopes: set[Scope]) -> None:
    team = (await found(issued.services, name="Apollo")).team
    bob = await join(issued.services, team, name="Bob", role=role)

    caller = await caller_with(issued.token_of(bob, role="ADMIN", scope="ADMIN", scopes=["ADMIN"]), services=issued.services)

    assert (caller.member_id, caller.role, set(caller.scopes)) == (bob.id, role, scopes)


async def test_every_jwt_of_an_account_is_the_same_credential_and_another_accounts_is_another(issued: Issued) -> None:
    team = (await found(issued.services, name="Apollo")).team
    bob = await join(issued.services, team, name="Bob", role=Role.MEMBER)
    tokens = [
        issued.token_of(issued.ada, jti="1"),
        issued.token_of(issued.ada, jti="2"),
        issued.token_of(issued.ada, sub="other"),
        issued.token_of(bob),
    ]

    first, again, other, bobs = [(await caller_with(token, services=issued.services)).credential_id for token in tokens]

    assert first == again
    assert len({first, other, bobs}) == 3


async def test_the_team_is_the_claims_for_somebody_who_is_in_several(issued: Issued) -> None:
    elsewhere = await found(issued.services, name="Apollo")

    here, there = [await caller_with(issued.token_of(ada), services=issued.services) for ada in (issued.ada, elsewhere.admin)]

    assert (here.team_id, there.team_id) == (issued.ada.team_id, elsewhere.team.id)
    assert (here.member_id, there.member_id) == (issued.ada.id, elsewhere.admin.id)


@pytest.mark.parametrize("name", STRANGERS)
async def test_the_issuers_word_about_strangers_lets_nobody_in_and_makes_nobody_a_member(issued: Issued, name: str) -> None:
    before = await rows()

    await refusal_of(STRANGERS[name](issued.idp), services=issued.services)

    assert await rows() == before


async def test_a_member_of_another_team_and_one_who_left_are_told_the_same(issued: Issued) -> None:
    elsewhere = (await found(issued.services, name="Apollo")).team
    bob = await join(issued.services, elsewhere, name="Bob", role=Role.MEMBER)
    cid = await join(issued.services, elsewhere, name="Cid", role=Role.MEMBER)
    await remove_member(team_id=elsewhere.id, actor=None, member_id=cid.id, services=issued.services)
    tokens = [
        issued.token_of(bob, team_id=str(issued.ada.team_id)),
        issued.token_of(cid),
        issued.token_of(bob, team_id="5c00df4e-7949-4587-a4a9-2a225243c61d"),
    ]

    refusals = {await refusal_of(token, services=issued.services) for token in tokens}

    assert refusals == {"The team has no member with the e-mail address of this JWT."}


async def test_a_member_who_comes_back_is_let_in_again(issued: Issued) -> None:
    team = (await found(issued.services, name="Apollo")).team
    bob = await join(issued.services, team, name="Bob", role=Role.MEMBER)
    await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=issued.services)
    await add_member(team_id=team.id, actor=None, name="Bob", email=bob.email, role=Role.VIEWER, services=issued.services)

    caller = await caller_with(issued.token_of(bob), services=issued.services)

    assert (caller.member_id, caller.role) == (bob.id, Role.VIEWER)


async def test_access_tokens_go_on_beside_an_issuer_and_mistyped_ones_are_called_what_they_are(issued: Issued) -> None:
    created = await create_access_token(
        caller=by_session(issued.ada), name="CI", scopes=[Scope.READ], expires_in_days=1, services=issued.services
    )

    caller = await caller_with(created.token.reveal(), services=issued.services)

    assert (caller.is_of_issuer, set(caller.scopes)) == (False, {Scope.READ})
    assert "mistyped" in await refusal_of(f"{created.token.reveal()[:-1]}", services=issued.services)
    assert issued.idp.asked == {}


async def test_without_an_issuer_a_jwt_is_no_access_token(services: Services, issued: Issued) -> None:
    assert "no access token" in await refusal_of(issued.token_of(issued.ada), services=services)


async def test_while_the_issuer_has_never_been_reached_it_is_nobodys_fault(issued: Issued) -> None:
    issued.idp.instead["/jwks"] = PlainTextResponse("", 503)

    with pytest.raises(Unavailable, match="issuer cannot be reached"):
        await caller_with(issued.token_of(issued.ada), services=issued.services)


@pytest.mark.parametrize("ending", ["role", "removal"])
@pytest.mark.parametrize("is_late", [True, False])
async def test_whoever_listens_by_a_jwt_is_told_when_their_membership_changes(issued: Issued, ending: str, is_late: bool) -> None:
    team = (await found(issued.services, name="Apollo")).team
    bob = await join(issued.services, team, name="Bob", role=Role.MEMBER)
    caller = await caller_with(issued.token_of(bob), services=issued.services)
    authenticator = Authenticator(issued.services)
    watching = asyncio.create_task(issued.services.watcher.run())
    waiting = None if is_late else asyncio.create_task(authenticator.until_ended(caller))
    await join(issued.services, team, name="Dan", role=Role.VIEWER)

    if ending == "role":
        await change_role(team_id=team.id, actor=None, member_id=bob.id, role=Role.VIEWER, services=issued.services)
    else:
        await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=issued.services)

    async with asyncio.timeout(5):
        await (waiting or authenticator.until_ended(caller))
    await cancel(watching)
    await authenticator.settle()


async def test_whoever_listens_by_a_jwt_goes_on_while_others_leave(issued: Issued) -> None:
    team = (await found(issued.services, name="Apollo")).team
    bob = await join(issued.services, team, name="Bob", role=Role.MEMBER)
    cid = await join(issued.services, team, name="Cid", role=Role.MEMBER)
    caller = await caller_with(issued.token_of(bob), services=issued.services)
    watching = asyncio.create_task(issued.services.watcher.run())
    authenticator = Authenticator(issued.services)
    waiting = asyncio.create_task(authenticator.until_ended(caller))

    await remove_member(team_id=team.id, actor=None, member_id=cid.id, services=issued.services)

    async with aclosing(issued.services.watcher.follow(team.id, after=3)) as seen:
        assert (await anext(seen)).type == "TEAM_MEMBER_REMOVED"
    assert not waiting.done()
    await cancel(waiting, watching)
    await authenticator.settle()
