"""GitHub's provider in a world that answers as GitHub does: what only GitHub has."""

from collections.abc import AsyncIterator

import pytest

from app.providers.contract import Alive, Authorized, Failure, Fault
from app.providers.github import provider as github
from tests.providers.git_worlds import PAYMENTS, GitWorld, git_world
from tests.sandbox.git_sign_ins import PKCE, github_server


@pytest.fixture
async def world() -> AsyncIterator[GitWorld]:
    async with git_world(github.PROVIDER, github_server) as opened:
        yield opened


@pytest.fixture
def ada(world: GitWorld) -> Authorized:
    return world.member("ada")


async def test_a_sign_in_lasts_and_says_who_it_was(world: GitWorld) -> None:
    signed_in = await world.exchange(world.server.code("grace", scope=world.scope, **PKCE))

    assert isinstance(signed_in, tuple)
    tokens, identity = signed_in
    assert (tokens.refresh, tokens.expires_at, sorted(tokens.scopes)) == (None, None, ["repo", "user"])
    assert (identity.account_id, identity.account_name) == ("2", "grace")
    alive = await world.check(world.holder(tokens.access.reveal()))
    assert isinstance(alive, Alive)
    assert (alive.identity, sorted(alive.scopes or ())) == (identity, ["repo", "user"])


async def test_a_link_that_leads_out_is_no_file(world: GitWorld, ada: Authorized) -> None:
    gone = await world.file(ada, "elsewhere")

    assert isinstance(gone, Failure)
    assert gone.fault is Fault.TARGET_GONE


async def test_a_token_without_the_scope_lacks_it(world: GitWorld) -> None:
    alive = await world.check(world.member("ada", scope="user"))

    assert isinstance(alive, Alive)
    assert alive.scopes == ("user",)


@pytest.mark.parametrize("status", [429, 403])
async def test_patience_is_asked_for_in_two_ways(world: GitWorld, ada: Authorized, status: int) -> None:
    world.server.fault("rate_limit", retry_after=7, status=status)

    outcome = await world.hosting.find_repository(authorized=ada, repository_id=PAYMENTS, outbound=world.outbound)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.BUSY
    assert outcome.retry_after is not None
    assert outcome.retry_after <= 3600
