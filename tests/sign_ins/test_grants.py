from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from app.errors import Refusal, UserErrorCode
from app.sign_ins import grants
from app.sign_ins.events import GrantEnded, GrantTroubled
from app.sign_ins.grants import note_recovery, note_trouble
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState, StatusReason
from tests.sign_ins.world import World, rows, write


async def test_a_used_sign_in_is_a_grant_at_work(world: World) -> None:
    row = await world.sign_in()

    grant = await world.use(row, shared=True)

    used = await Authorization.get(id=row.id)
    stored = await Grant.get()
    assert (used.status, used.expires_at, used.ended_at) == (AuthorizationStatus.USED, None, world.clock.now())
    assert (stored.id, stored.state, stored.is_shared) == (grant.id, GrantState.ACTIVE, True)
    assert stored.next_check_at is not None
    assert timedelta(hours=21) < stored.next_check_at - world.clock.now() <= timedelta(hours=24)


Given = Callable[[World], Awaitable[Authorization]]


async def _pending(world: World) -> Authorization:
    return await world.begin()


async def _failed(world: World) -> Authorization:
    return await world.sign_in("Globex", wanted="T0ACME001")


async def _used(world: World) -> Authorization:
    row = await world.sign_in()
    await world.use(row)
    return row


async def _left(world: World) -> Authorization:
    row = await world.sign_in()
    world.clock.advance(timedelta(hours=1))
    return row


async def _ended(world: World) -> Authorization:
    row = await world.sign_in()
    await write(lambda: Authorization.filter(id=row.id).update(status=AuthorizationStatus.REVOKED))
    return row


async def _dead_already(world: World) -> Authorization:
    row = await world.sign_in()
    await note_trouble(await Grant.get(), StatusReason.REVOKED, "It was revoked.", services=world.services)
    return row


async def _strangers(world: World) -> Authorization:
    row = await world.sign_in(member=await world.other_team())
    row.team_id, row.member_id = world.admin.team_id, world.admin.id
    return row


async def _colleagues(world: World) -> Authorization:
    row = await world.sign_in(member=await world.join("Bob"))
    row.member_id = world.admin.id
    return row


async def _unknown(world: World) -> Authorization:
    return Authorization(id=uuid4(), team_id=world.admin.team_id, member_id=world.admin.id)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (_pending, UserErrorCode.AUTHORIZATION_PENDING),
        (_failed, UserErrorCode.AUTHORIZATION_FAILED),
        (_used, UserErrorCode.AUTHORIZATION_USED),
        (_left, UserErrorCode.AUTHORIZATION_EXPIRED),
        (_ended, UserErrorCode.AUTHORIZATION_FAILED),
        (_dead_already, UserErrorCode.AUTHORIZATION_FAILED),
        (_strangers, UserErrorCode.NOT_FOUND),
        (_colleagues, UserErrorCode.NOT_FOUND),
        (_unknown, UserErrorCode.NOT_FOUND),
    ],
)
async def test_what_does_not_wait_to_be_used_is_refused(world: World, given: Given, code: UserErrorCode) -> None:
    row = await given(world)
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await world.use(row)

    assert (refused.value.code, refused.value.field) == (code, ("id",))
    assert await rows() == before


async def test_another_workspace_than_wanted_is_refused_and_still_waits(world: World) -> None:
    row = await world.sign_in("Globex")
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await world.use(row, wanted="T0ACME001")

    assert refused.value.code is UserErrorCode.WRONG_ACCOUNT
    assert await rows() == before
    assert (await world.use(row, wanted="T0GLOBEX002")).state is GrantState.ACTIVE


async def test_a_trouble_is_said_once_and_ends_with_a_recovery(world: World) -> None:
    grant = await world.grant()

    for _ in range(2):
        await note_trouble(grant, StatusReason.PROVIDER_UNREACHABLE, "Away.", services=world.services)
    await note_recovery(await Grant.get(), services=world.services)
    await note_recovery(await Grant.get(), services=world.services)

    assert [type(told).__name__ for told in world.told] == ["GrantTroubled", "GrantRecovered"]
    assert (await Grant.get()).trouble is None


async def test_what_passes_by_itself_does_not_hide_what_needs_the_member(world: World) -> None:
    grant = await world.grant()

    await note_trouble(grant, StatusReason.REVOKED, "Revoked.", services=world.services)
    await note_trouble(grant, StatusReason.PROVIDER_UNREACHABLE, "Away.", services=world.services)

    assert (await Grant.get()).trouble is StatusReason.REVOKED
    assert world.told == [GrantTroubled(grant.id, StatusReason.REVOKED, "Revoked.")]


async def test_a_trouble_of_tokens_that_were_refreshed_since_is_no_trouble(world: World) -> None:
    grant = await world.grant()
    await write(lambda: Grant.filter(id=grant.id).update(version=2))

    await note_trouble(grant, StatusReason.REVOKED, "Revoked.", services=world.services)

    assert (await Grant.get()).trouble is None
    assert world.told == []


async def test_a_recovery_takes_back_no_trouble_that_came_since(world: World) -> None:
    grant = await world.grant()
    await note_trouble(grant, StatusReason.PROVIDER_UNREACHABLE, "Away.", services=world.services)
    read = await Grant.get()
    await note_trouble(read, StatusReason.REVOKED, "Revoked.", services=world.services)

    await note_recovery(read, services=world.services)

    assert (await Grant.get()).trouble is StatusReason.REVOKED
    assert [type(told).__name__ for told in world.told] == ["GrantTroubled", "GrantTroubled"]


async def test_ending_is_told_once_and_retiring_never(world: World) -> None:
    first, second = await world.grant(), await world.grant("Globex")

    for _ in range(2):
        await world.services.events.change(
            first.team_id,
            lambda change: grants.end(change, first.id, reason=StatusReason.AUTHORIZATION_ENDED, message="Over."),
        )
    await world.retire(second)

    assert world.told == [GrantEnded(first.id, StatusReason.AUTHORIZATION_ENDED, "Over.")]
    assert {grant.state for grant in await Grant.all()} == {GrantState.REVOKING}


async def test_another_teams_grant_cannot_be_retired(world: World) -> None:
    grant = await world.grant(member=await world.other_team())
    before = await rows()

    await world.services.events.change(world.admin.team_id, lambda change: grants.retire(change, grant.id))

    assert await rows() == before
