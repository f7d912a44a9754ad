from app.log.actors import Actor
from app.sign_ins.events import GrantEnded
from app.sign_ins.jobs import revoke_due
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState, StatusReason
from app.teams.removing import remove_member
from tests.sign_ins.world import World, log
from tests.teams.people import by_session


async def test_who_leaves_takes_their_own_grants_along_and_leaves_what_is_the_teams(world: World) -> None:
    bob = await world.join("Bob")
    shared = await world.grant("Acme", member=bob, shared=True)
    own = await world.grant("Globex", member=bob, shared=False)
    waiting = await world.sign_in("Initech", member=bob)
    pending = await world.begin(by_session(bob))
    mine = await world.grant("Globex", shared=False)

    await remove_member(team_id=bob.team_id, actor=Actor(world.admin.id), member_id=bob.id, services=world.services)
    await revoke_due(services=world.services)

    states = {grant.id: grant.state for grant in await Grant.all()}
    assert waiting.grant_id is not None
    assert states == {
        shared.id: GrantState.ACTIVE,
        own.id: GrantState.GONE,
        waiting.grant_id: GrantState.GONE,
        mine.id: GrantState.ACTIVE,
    }
    [ended] = world.told
    assert isinstance(ended, GrantEnded)
    assert (ended.grant_id, ended.reason) == (own.id, StatusReason.AUTHORIZATION_ENDED)
    assert "Bob" in ended.message
    assert (await Authorization.get(id=waiting.id)).status is AuthorizationStatus.REVOKED
    assert (await Authorization.get(id=pending.id)).status is AuthorizationStatus.EXPIRED
    assert await log(pending.id) == ["AUTHORIZATION_FAILED"]
    assert await log(waiting.id) == ["AUTHORIZATION_COMPLETED", "AUTHORIZATION_REVOKED"]
    assert [len(world.living(workspace)) for workspace in ("Acme", "Globex", "Initech")] == [1, 1, 0]
