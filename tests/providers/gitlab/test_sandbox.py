"""GitLab's provider in a world that answers as GitLab does: what only GitLab has."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.providers.contract import Alive, Authorized, Failure, Fault
from app.providers.gitlab import provider as gitlab
from tests.providers.git_worlds import NOW, PAYMENTS, GitWorld, git_world
from tests.sandbox.git_sign_ins import PKCE, gitlab_server


@pytest.fixture
async def world() -> AsyncIterator[GitWorld]:
    async with git_world(gitlab.PROVIDER, gitlab_server) as opened:
        yield opened


@pytest.fixture
def ada(world: GitWorld) -> Authorized:
    return world.member("ada")


async def test_a_sign_in_lasts_and_says_who_it_was(world: GitWorld) -> None:
    signed_in = await world.exchange(world.server.code("grace", scope=world.scope, **PKCE))

    assert isinstance(signed_in, tuple)
    tokens, identity = signed_in
    assert (tokens.expires_at, tokens.scopes) == (NOW + timedelta(hours=2), ("api",))
    assert tokens.refresh is not None
    assert (identity.account_id, identity.account_name) == ("2", "grace")
    assert await world.check(world.holder(tokens.access.reveal())) == Alive(identity)


async def test_a_token_without_the_scope_lacks_it(world: GitWorld, ada: Authorized) -> None:
    payments = await world.id_of(PAYMENTS, ada)
    bare = world.member("ada", scope="read_user")

    outcome = await world.hosting.find_repository(authorized=bare, repository_id=payments, outbound=world.outbound)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.MISSING_SCOPES


async def test_a_token_that_is_over_is_told_from_one_that_was_revoked(world: GitWorld, ada: Authorized) -> None:
    grace = world.member("grace")
    world.server.fault("expire_tokens", user="ada")
    world.server.fault("revoke_token", user="grace")

    outcomes = [await world.check(one) for one in (ada, grace)]

    assert [one.fault for one in outcomes if isinstance(one, Failure)] == [Fault.EXPIRED, Fault.DEAD_GRANT]


async def test_patience_is_asked_for(world: GitWorld, ada: Authorized) -> None:
    world.server.fault("rate_limit", retry_after=7)

    outcome = await world.check(ada)

    assert outcome == Failure(Fault.BUSY, "GitLab asks to slow down (HTTP 429).", retry_after=7.0)
