from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import Refusal, UserErrorCode
from app.log.actors import Actor
from app.sign_ins import beginning
from app.sign_ins.models import Authorization, AuthorizationStatus
from app.sign_ins.revoking import revoke
from app.teams.removing import remove_member
from tests.sandbox.running import Sandbox
from tests.sign_ins.world import World, log, open_world, rows
from tests.teams.people import by_session


async def test_a_sign_in_is_open_for_ten_minutes_and_nothing_of_it_is_stored_in_the_clear(world: World) -> None:
    row = await world.begin()

    address = await world.start(row)
    stored = await Authorization.get(id=row.id)
    ticket = address.removeprefix("http://127.0.0.1:8000/authorize/")
    assert (stored.status, stored.begun_at, stored.expires_at) == (
        AuthorizationStatus.PENDING,
        world.clock.now(),
        world.clock.now() + timedelta(minutes=10),
    )
    assert len(ticket) == 43
    assert ticket not in repr(await rows())
    assert stored.redirect_uri == "http://127.0.0.1:8000/callback/slack"
    assert world.sandbox.state()["requests"] == []


async def test_a_missing_setting_is_named(database: str, sandbox: Sandbox, tmp_path: Path) -> None:
    del database
    async with open_world(sandbox, folder=tmp_path, slack_client_secret=None) as world:
        with pytest.raises(Refusal) as refused:
            await world.begin()

    assert refused.value.code is UserErrorCode.NOT_CONFIGURED
    assert "INSTALLED_APPS_SLACK_CLIENT_SECRET" in refused.value.message
    assert "INSTALLED_APPS_SLACK_CLIENT_ID" not in refused.value.message
    assert await Authorization.all().count() == 0


async def test_an_unknown_provider_is_not_found(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        await beginning.begin(provider_key="sl<ack", field=["purpose", "provider"], caller=world.caller, services=world.services)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.NOT_FOUND, ("purpose", "provider"))
    assert "<" not in refused.value.message


async def test_a_members_sixth_open_sign_in_ends_their_oldest_and_nobody_elses(world: World) -> None:
    bob = await world.join("Bob")
    bobs = await world.begin(by_session(bob))
    mine = []
    for _ in range(5):
        mine.append(await world.begin())
        world.clock.advance(timedelta(seconds=1))

    await world.begin()

    states = {row.id: row.status for row in await Authorization.all()}
    assert states[mine[0].id] is AuthorizationStatus.EXPIRED
    assert [states[row.id] for row in (*mine[1:], bobs)] == [AuthorizationStatus.PENDING] * 5
    assert await log(mine[0].id) == ["AUTHORIZATION_FAILED"]
    ended = await Authorization.get(id=mine[0].id)
    assert (ended.sealed_ticket, ended.sealed_verifier, ended.state_hash) == (None, None, None)


async def test_a_team_has_fifty_open_sign_ins_at_most(world: World) -> None:
    for number in range(10):
        member = await world.join(f"Member{number}")
        for _ in range(5):
            await world.begin(by_session(member))

    with pytest.raises(Refusal) as refused:
        await world.begin()

    assert refused.value.code is UserErrorCode.CONFLICT
    assert await Authorization.all().count() == 50


async def test_who_has_left_begins_nothing(world: World) -> None:
    bob = await world.join("Bob")
    caller = by_session(bob)
    await remove_member(team_id=bob.team_id, actor=Actor(world.admin.id), member_id=bob.id, services=world.services)

    with pytest.raises(Refusal) as refused:
        await world.begin(caller)

    assert refused.value.code is UserErrorCode.FORBIDDEN
    assert await Authorization.all().count() == 0


async def test_a_new_departure_makes_the_earlier_one_worthless(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        earlier = await browser.go(row)
        later = await browser.go(row)

        refused = await browser.http.get(earlier)
        finished = await browser.http.get(later)

    assert (refused.status_code, finished.status_code) == (400, 200)
    assert world.token_requests == 1


async def test_a_slack_sign_in_is_not_ended_by_hand(world: World) -> None:
    row = await world.sign_in()
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await revoke(row.id, field=["id"], caller=world.caller, services=world.services)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.CONFLICT, ("id",))
    assert await rows() == before


async def test_another_members_sign_in_is_not_found(world: World) -> None:
    row = await world.sign_in()
    bob = await world.join("Bob")

    with pytest.raises(Refusal) as refused:
        await revoke(row.id, caller=by_session(bob), services=world.services)

    assert refused.value.code is UserErrorCode.NOT_FOUND


async def test_a_sign_in_that_is_over_still_has_an_address_and_it_says_so(world: World) -> None:
    row = await world.sign_in()
    async with world.browser() as browser:
        answer = await browser.http.get(await world.start(row))

    assert answer.status_code == 410
    assert "not open any more" in answer.text
