"""Members' own sign-ins at a Git server, with the team's OAuth client."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import UserErrorCode
from app.installed_apps.deleting import delete
from app.installed_apps.models import InstalledAppStatus
from app.installed_apps.permissions import find_app
from app.installed_apps.shared_clients import ClientEdit, edit
from app.log.actors import Actor
from app.log.counters import head
from app.providers.contract import Alive, Authorized, Failure, Fault
from app.sealing.keyring import Keyring
from app.sealing.secret import Secret
from app.sealing.vault import Vault
from app.sign_ins.beginning import begin, start_url
from app.sign_ins.calls import call
from app.sign_ins.checks import check, check_due
from app.sign_ins.clients import provider_of
from app.sign_ins.completion import complete
from app.sign_ins.grants import live_grant_of, use
from app.sign_ins.jobs import expire_due, refresh_due
from app.sign_ins.models import (
    Authorization,
    AuthorizationFailureCode,
    AuthorizationStatus,
    Grant,
    GrantState,
    OAuthClient,
    RevocationOutcome,
    StatusReason,
)
from app.sign_ins.revoking import revoke
from app.teams.removing import remove_member
from tests.held import HeldClock
from tests.installed_apps.git_servers import GITHUB, GITLAB, HOSTS, Host, give_back, own_grant
from tests.installed_apps.world import World, code_of, log_since, make_people, make_world

EVERY = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)


@pytest.fixture
async def team(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


@EVERY
async def test_each_member_signs_in_as_themselves_and_has_a_grant_of_their_own(team: World, host: Host) -> None:
    ada, bob, cid = team.people.ada, team.people.bob, team.people.cid
    app = await host.add(team, ada)
    before = await head(ada.team_id)

    bobs, cids = await host.sign_in(team, bob, app, "ada"), await host.sign_in(team, cid, app, "grace")

    assert [(row.status, row.connected_to, row.expires_at) for row in (bobs, cids)] == [
        (AuthorizationStatus.COMPLETED, "ada", None),
        (AuthorizationStatus.COMPLETED, "grace", None),
    ]
    assert await log_since(before, team_id=ada.team_id) == ["AUTHORIZATION_COMPLETED"] * 2
    for row, caller in ((bobs, bob), (cids, cid)):
        grant = await own_grant(app, caller)
        assert (grant.id, grant.state, grant.is_shared, grant.member_id) == (
            row.grant_id,
            GrantState.ACTIVE,
            False,
            caller.member_id,
        )
        assert grant.next_check_at is not None
        answer = await host.use(team, grant)
        assert isinstance(answer, Alive)
        assert answer.identity.account_name == row.connected_to
    assert await live_grant_of(app.oauth_client_id or ada.team_id, ada.member_id) is None
    team.clock.advance(timedelta(days=1))
    await expire_due(services=team.services)
    assert (await Authorization.get(id=bobs.id)).status is AuthorizationStatus.COMPLETED


@EVERY
async def test_each_server_has_a_redirect_uri_of_its_own(team: World, host: Host) -> None:
    app = await host.add(team, team.people.ada)

    row = await host.begin(team, team.people.bob, app)

    client = await OAuthClient.get(id=app.oauth_client_id)
    path, _, own = row.redirect_uri.rpartition("/")
    assert path == f"http://127.0.0.1:8000/callback/{host.provider}"
    assert (len(own), row.origin, row.client_id) == (16, client.origin, host.client_id)


@EVERY
async def test_a_second_sign_in_takes_the_place_of_the_first_whose_token_is_given_back(team: World, host: Host) -> None:
    bob = team.people.bob
    app = await host.add(team, team.people.ada)
    first = await host.sign_in(team, bob, app)

    second = await host.sign_in(team, bob, app, "grace")

    assert (await Grant.get(id=first.grant_id)).state is GrantState.REVOKING
    assert (await Authorization.get(id=first.id)).status is AuthorizationStatus.REVOKED
    assert (await own_grant(app, bob)).id == second.grant_id
    await give_back(team)
    assert [each["user"] for each in host.tokens(team)] == ["grace"]
    assert (await Grant.get(id=first.grant_id)).revocation is RevocationOutcome.REVOKED
    assert (await OAuthClient.get(id=app.oauth_client_id)).sealed_secret is not None


@EVERY
async def test_a_sign_in_that_is_declined_changes_nothing_for_the_one_in_force(team: World, host: Host) -> None:
    bob = team.people.bob
    app = await host.add(team, team.people.ada)
    await host.sign_in(team, bob, app)
    before = await own_grant(app, bob)

    team_row = await host.begin(team, bob, app)
    returned = await host.consent(team, team_row)
    failed = await complete(type(returned)(returned.authorization, None, "access_denied"), services=team.services)

    assert (failed.status, failed.failure_code) == (AuthorizationStatus.FAILED, AuthorizationFailureCode.DENIED)
    assert (await own_grant(app, bob)).id == before.id


@EVERY
async def test_a_member_ends_their_own_and_nobody_elses(team: World, host: Host) -> None:
    ada, bob, cid = team.people.ada, team.people.bob, team.people.cid
    app = await host.add(team, ada)
    bobs, cids = await host.sign_in(team, bob, app), await host.sign_in(team, cid, app, "grace")
    assert await code_of(revoke(bobs.id, caller=cid, services=team.services)) == (UserErrorCode.NOT_FOUND, ())
    before = await head(ada.team_id)

    ended = await revoke(bobs.id, caller=bob, services=team.services)

    assert ended.status is AuthorizationStatus.REVOKED
    assert await log_since(before, team_id=ada.team_id) == ["AUTHORIZATION_REVOKED"]
    await give_back(team)
    assert [each["user"] for each in host.tokens(team)] == ["grace"]
    assert (await own_grant(app, cid)).id == cids.grant_id
    assert await code_of(revoke(bobs.id, caller=bob, services=team.services)) == (UserErrorCode.CONFLICT, ())


@EVERY
async def test_a_member_who_leaves_takes_their_own_along(team: World, host: Host) -> None:
    ada, bob, cid = team.people.ada, team.people.bob, team.people.cid
    app = await host.add(team, ada)
    bobs = await host.sign_in(team, bob, app)
    await host.sign_in(team, cid, app, "grace")

    await remove_member(team_id=ada.team_id, member_id=bob.member_id, actor=Actor(ada.member_id), services=team.services)

    assert (await Authorization.get(id=bobs.id)).status is AuthorizationStatus.REVOKED
    await give_back(team)
    assert [each["user"] for each in host.tokens(team)] == ["grace"]
    assert (await find_app(ada.team_id, app.id)).status is InstalledAppStatus.ACTIVE


@EVERY
async def test_a_holder_in_another_team_is_not_concerned(team: World, host: Host) -> None:
    others = await make_people(team.services, name="Another")
    ours, theirs = await host.add(team, team.people.ada), await host.add(team, others.ada)
    mine = await host.sign_in(team, team.people.bob, ours, "ada")
    yours = await host.sign_in(team, others.bob, theirs, "ada")

    await revoke(mine.id, caller=team.people.bob, services=team.services)
    await give_back(team)

    grant = await own_grant(theirs, others.bob)
    assert grant.id == yours.grant_id
    assert isinstance(await host.use(team, grant), Alive)
    assert await code_of(
        begin(provider_key=host.provider, oauth_client_id=ours.oauth_client_id, caller=others.bob, services=team.services)
    ) == (UserErrorCode.NOT_FOUND, ())


@EVERY
async def test_a_wrong_secret_is_the_apps_trouble_and_its_mending_brings_it_back(team: World, host: Host) -> None:
    ada, bob = team.people.ada, team.people.bob
    app = await host.add(team, ada, secret=Secret("mistyped-secret"))

    failed = await host.sign_in(team, bob, app)

    assert (failed.status, failed.failure_code) == (AuthorizationStatus.FAILED, AuthorizationFailureCode.CLIENT_REFUSED)
    refused = await find_app(ada.team_id, app.id)
    assert (refused.status, refused.status_reason) == (
        InstalledAppStatus.NEEDS_REAUTHENTICATION,
        StatusReason.CLIENT_REFUSED,
    )
    turn = "A Team Admin has to set the installed app's client right, with `editInstalledApp`."
    assert [str(message).endswith(turn) for message in (failed.failure_message, refused.status_message)] == [True, True]
    await edit(app.id, ClientEdit(secret=Secret(host.secret)), caller=ada, services=team.services)
    assert (await find_app(ada.team_id, app.id)).status is InstalledAppStatus.ACTIVE
    assert (await host.sign_in(team, bob, app)).status is AuthorizationStatus.COMPLETED


async def test_a_sign_in_with_a_client_that_works_again_says_so(team: World) -> None:
    ada, bob = team.people.ada, team.people.bob
    app = await GITHUB.add(team, ada)
    GITHUB.renew_secret(team, "for-a-moment-another")
    await GITHUB.sign_in(team, bob, app)
    assert (await find_app(ada.team_id, app.id)).status is InstalledAppStatus.NEEDS_REAUTHENTICATION

    GITHUB.renew_secret(team, GITHUB.secret)
    await GITHUB.sign_in(team, bob, app)

    assert (await find_app(ada.team_id, app.id)).status is InstalledAppStatus.ACTIVE
    assert (await OAuthClient.get(id=app.oauth_client_id)).trouble is None


async def test_gitlabs_tokens_are_refreshed_before_anybody_waits(team: World) -> None:
    bob = team.people.bob
    app = await GITLAB.add(team, team.people.ada)
    await GITLAB.sign_in(team, bob, app)
    first = await own_grant(app, bob)
    team.clock.advance(timedelta(minutes=80))
    assert await refresh_due(services=team.services) == 0

    team.clock.advance(timedelta(minutes=15))
    assert await refresh_due(services=team.services) == 1

    second = await own_grant(app, bob)
    assert (second.id, second.version) == (first.id, 2)
    assert isinstance(await GITLAB.use(team, second), Alive)
    assert GITLAB.asked(team, "token") == 2


async def test_gitlabs_tokens_are_refreshed_for_whoever_asks_too_late(team: World) -> None:
    bob = team.people.bob
    app = await GITLAB.add(team, team.people.ada)
    await GITLAB.sign_in(team, bob, app)
    team.clock.advance(timedelta(days=3))

    answer = await GITLAB.use(team, await own_grant(app, bob))

    assert isinstance(answer, Alive)
    assert (await own_grant(app, bob)).version == 2


async def test_an_expired_authorization_is_refreshed_to_be_given_back(team: World) -> None:
    bob = team.people.bob
    app = await GITLAB.add(team, team.people.ada)
    row = await GITLAB.sign_in(team, bob, app)
    team.clock.advance(timedelta(hours=3))

    await revoke(row.id, caller=bob, services=team.services)
    await give_back(team)

    assert GITLAB.tokens(team) == []
    assert (await Grant.get(id=row.grant_id)).revocation is RevocationOutcome.REVOKED


@EVERY
async def test_the_daily_check_finds_out_who_was_revoked_there(team: World, host: Host) -> None:
    bob, cid = team.people.bob, team.people.cid
    app = await host.add(team, team.people.ada)
    await host.sign_in(team, bob, app, "ada")
    await host.sign_in(team, cid, app, "grace")
    host.fault(team, "revoke_token", user="ada")

    team.clock.advance(timedelta(days=1))
    await check_due(services=team.services)

    assert (await own_grant(app, bob)).trouble is StatusReason.REVOKED
    assert (await own_grant(app, cid)).trouble is None
    assert (await find_app(bob.team_id, app.id)).status is InstalledAppStatus.ACTIVE


async def test_a_server_that_is_away_makes_the_app_unreachable_until_it_answers(team: World) -> None:
    bob = team.people.bob
    app = await GITHUB.add(team, team.people.ada)
    await GITHUB.sign_in(team, bob, app)
    grant = await own_grant(app, bob)
    GITHUB.fault(team, "status", endpoint="user", status=502, times=1)

    failure = await check(grant.id, services=team.services)

    assert isinstance(failure, Failure)
    assert failure.fault is Fault.BROKEN
    assert (await find_app(bob.team_id, app.id)).status is InstalledAppStatus.UNREACHABLE
    assert await check(grant.id, services=team.services) is None
    assert (await find_app(bob.team_id, app.id)).status is InstalledAppStatus.ACTIVE


async def test_a_secret_whose_key_is_away_makes_the_app_unavailable(team: World) -> None:
    ada, bob = team.people.ada, team.people.bob
    app = await GITLAB.add(team, ada)
    await GITLAB.sign_in(team, bob, app)
    keyless = type(team.services)(**{**vars(team.services), "vault": Vault(Keyring({}), clock=team.clock)})

    async def put(authorized: Authorized) -> Alive | Failure:
        check = provider_of(await own_grant(app, bob)).check
        assert check is not None
        return await check(authorized=authorized, outbound=keyless.outbound)

    answer = await call((await own_grant(app, bob)).id, put, services=keyless)

    assert isinstance(answer, Failure)
    seen = await find_app(ada.team_id, app.id)
    assert (seen.status, seen.status_reason) == (InstalledAppStatus.UNAVAILABLE, StatusReason.KEY_UNAVAILABLE)
    assert (await own_grant(app, bob)).trouble is StatusReason.KEY_UNAVAILABLE


async def test_a_members_own_sign_in_is_not_put_to_another_use(team: World) -> None:
    bob = team.people.bob
    app = await GITHUB.add(team, team.people.ada)
    row = await GITHUB.sign_in(team, bob, app)

    attempt = team.services.events.change(
        bob.team_id,
        lambda change: use(change, row.id, member_id=bob.member_id, shared=True, wanted_account_id=None, field=["id"]),
    )

    assert await code_of(attempt) == (UserErrorCode.INVALID, ("id",))


async def test_a_sign_in_begins_at_no_server_by_the_providers_key_and_at_none_that_was_deleted(team: World) -> None:
    ada, bob = team.people.ada, team.people.bob
    app = await GITHUB.add(team, ada)
    by_key = begin(provider_key=GITHUB.provider, field=["x"], caller=bob, services=team.services)
    assert await code_of(by_key) == (UserErrorCode.INVALID, ("x",))

    await delete(app.id, caller=ada, services=team.services)

    attempt = begin(provider_key=GITHUB.provider, oauth_client_id=app.oauth_client_id, caller=bob, services=team.services)
    assert await code_of(attempt) == (UserErrorCode.NOT_FOUND, ())


async def test_where_a_sign_in_begins_is_the_same_for_every_provider(team: World) -> None:
    app = await GITHUB.add(team, team.people.ada)

    row = await GITHUB.begin(team, team.people.bob, app)

    assert (await start_url(row, services=team.services)).startswith("http://127.0.0.1:8000/authorize/")
