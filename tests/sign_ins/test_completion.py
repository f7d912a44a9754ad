import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from app.log.events import Events
from app.sealing.secret import Secret
from app.sign_ins.callbacks import Returned
from app.sign_ins.completion import complete
from app.sign_ins.jobs import revoke_due
from app.sign_ins.models import Authorization, AuthorizationFailureCode, AuthorizationStatus, Grant, GrantState, RevocationOutcome
from app.storage.outages import unknown
from app.teams.removing import remove_member
from tests.sandbox.running import SCOPES, Sandbox
from tests.sign_ins.world import World, log, open_world, rows, write
from tests.teams.people import by_session


@pytest.fixture
async def hasty(database: str, sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[World]:
    """A world that waits for an exchange for half a second."""
    del database
    async with open_world(sandbox, folder=tmp_path, exchange_deadline=0.5) as opened:
        yield opened


async def test_a_finished_sign_in_waits_for_an_hour_with_its_tokens_sealed(world: World) -> None:
    row = await world.sign_in()

    grant = await Grant.get()
    assert (row.status, row.connected_to, row.grant_id) == (AuthorizationStatus.COMPLETED, "Acme", grant.id)
    assert row.expires_at == world.clock.now() + timedelta(hours=1)
    assert (row.sealed_ticket, row.sealed_verifier, row.cookie_hash) == (None, None, None)
    assert (grant.state, grant.account_id, grant.account_name) == (GrantState.WAITING, "T0ACME001", "Acme")
    assert (grant.expires_at, grant.sealed_refresh, grant.is_shared) == (None, None, False)
    [held] = world.living()
    assert held["access_tokens"][0]["token"] not in repr(await rows())
    assert await log(row.id) == ["AUTHORIZATION_COMPLETED"]


async def test_a_denied_sign_in_fails_and_asks_for_no_tokens(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        answer = await browser.http.get(await browser.go(row, decision="deny"))

    ended = await Authorization.get(id=row.id)
    assert (ended.status, ended.failure_code) == (AuthorizationStatus.FAILED, AuthorizationFailureCode.DENIED)
    assert "declined" in answer.text
    assert world.token_requests == 0
    assert await log(row.id) == ["AUTHORIZATION_FAILED"]


@pytest.mark.parametrize("error", ["server_error", "invalid_scope", "<script>alert(1)</script>", "a" * 150])
async def test_another_error_of_the_provider_is_told_only_where_it_is_a_code(world: World, error: str) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        callback = httpx2.URL(await browser.go(row, decision="deny"))
        answer = await browser.http.get(callback.copy_set_param("error", error))

    ended = await Authorization.get(id=row.id)
    assert ended.failure_code is AuthorizationFailureCode.PROVIDER_REFUSED
    assert ("_" in error) is (error in answer.text)
    assert "<script>" not in answer.text


async def test_the_wrong_workspace_fails_and_its_tokens_are_given_back(world: World) -> None:
    row = await world.sign_in("Globex", wanted="T0ACME001")

    await revoke_due(services=world.services)

    assert (row.status, row.failure_code) == (AuthorizationStatus.FAILED, AuthorizationFailureCode.WRONG_ACCOUNT)
    assert row.failure_message == (
        "This was a sign-in to Globex, and it was begun for the account that was connected before: choose that one there."
    )
    grant = await Grant.get()
    assert (grant.state, grant.revocation, grant.sealed_access) == (GrantState.GONE, RevocationOutcome.REVOKED, None)
    assert world.living("Globex") == []


async def test_the_wrong_workspace_is_told_with_the_name_of_the_right_one(world: World) -> None:
    await world.grant()

    row = await world.sign_in("Globex", wanted="T0ACME001")

    assert row.failure_message == "This was a sign-in to Globex, and it was begun for Acme: choose that one there."


async def test_the_wrong_workspace_keeps_its_token_where_somebody_uses_it(world: World) -> None:
    stranger = await world.other_team()
    await world.grant("Globex", member=stranger)

    await world.sign_in("Globex", wanted="T0ACME001")
    await revoke_due(services=world.services)

    assert [grant.revocation for grant in await Grant.filter(state=GrantState.GONE)] == [RevocationOutcome.KEPT]
    assert len(world.living("Globex")) == 1
    assert world.requests("auth.revoke") == 0


async def test_the_wanted_workspace_is_accepted(world: World) -> None:
    row = await world.sign_in("Acme", wanted="T0ACME001")

    assert row.status is AuthorizationStatus.COMPLETED


async def test_missing_scopes_fail_and_the_tokens_are_given_back(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        address = httpx2.URL(await browser.depart(row)).copy_set_param("scope", "chat:write,channels:read")
        answer = await browser.http.get(browser.decide(str(address)))
    await revoke_due(services=world.services)

    ended = await Authorization.get(id=row.id)
    assert (ended.status, ended.failure_code) == (AuthorizationStatus.FAILED, AuthorizationFailureCode.MISSING_SCOPES)
    assert "chat:write.public, groups:read" in answer.text
    assert (await Grant.get()).revocation is RevocationOutcome.REVOKED
    assert world.living() == []


async def test_scopes_beyond_those_asked_for_do_no_harm(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        address = httpx2.URL(await browser.depart(row)).copy_set_param("scope", ",".join(SCOPES))
        await browser.http.get(browser.decide(str(address)))

    assert (await Authorization.get(id=row.id)).status is AuthorizationStatus.COMPLETED


_OK = '{"ok":true,"access_token":"xoxb-1","token_type":"bot","scope":"chat:write","team":{"id":"T1","name":"A"}'
ODD: Mapping[str, dict[str, Any]] = {
    "500": {"fault": "status", "status": 500},
    "503": {"fault": "status", "status": 503},
    "302": {"fault": "status", "status": 302},
    "204": {"fault": "status", "status": 204, "body": ""},
    "429": {"fault": "rate_limit", "retry_after": 30},
    "reset before": {"fault": "reset"},
    "reset midway": {"fault": "reset", "when": "midway"},
    "silence": {"fault": "slow", "seconds": 3.0},
    "truncated": {"fault": "malformed"},
    "html": {"fault": "malformed", "body": "<!doctype html><title>Wi-Fi</title>", "content_type": "text/html"},
    "empty": {"fault": "malformed", "body": ""},
    "ok and no more": {"fault": "malformed", "body": '{"ok":true}'},
    "no refusal's error": {"fault": "malformed", "body": '{"ok":false}'},
    "deep": {"fault": "malformed", "body": "[" * 100_000},
    "NaN": {"fault": "malformed", "body": _OK + ',"expires_in":NaN}'},
    "negative lifetime": {"fault": "malformed", "body": _OK + ',"expires_in":-1}'},
    "endless lifetime": {"fault": "malformed", "body": _OK + ',"expires_in":1e18}'},
    "lifetime in words": {"fault": "malformed", "body": _OK + ',"expires_in":""}'},
    "a mac token": {"fault": "malformed", "body": _OK.replace('"bot"', '"mac"') + "}"},
    "control characters in the token": {"fault": "malformed", "body": _OK.replace("xoxb-1", "xoxb\\r\\nX: 1") + "}"},
    "an organization's installation": {"fault": "malformed", "body": _OK + ',"is_enterprise_install":true}'},
    "a token that does not work": {"fault": "malformed", "body": _OK + "}"},
    "invalid_client_id": {"fault": "malformed", "body": '{"ok":false,"error":"invalid_client_id"}'},
    "bad_client_secret": {"fault": "malformed", "body": '{"ok":false,"error":"bad_client_secret"}'},
    "invalid_code": {"fault": "malformed", "body": '{"ok":false,"error":"invalid_code"}'},
    "no_scopes": {"fault": "malformed", "body": '{"ok":false,"error":"no_scopes"}'},
    "an error of no one's": {"fault": "malformed", "body": '{"ok":false,"error":"<b>"}'},
}
_WITH_A_TOKEN = {"an organization's installation", "a token that does not work"}
_CODES = {
    "bad_client_secret": AuthorizationFailureCode.CLIENT_REFUSED,
    "invalid_client_id": AuthorizationFailureCode.CLIENT_REFUSED,
    "no_scopes": AuthorizationFailureCode.MISSING_SCOPES,
    "invalid_code": AuthorizationFailureCode.PROVIDER_REFUSED,
    "an error of no one's": AuthorizationFailureCode.PROVIDER_REFUSED,
    "an organization's installation": AuthorizationFailureCode.PROVIDER_REFUSED,
    "a token that does not work": AuthorizationFailureCode.PROVIDER_REFUSED,
}


@pytest.mark.parametrize("case", ODD)
async def test_an_odd_answer_leaves_a_failed_sign_in_and_no_half_of_a_grant(hasty: World, case: str) -> None:
    row = await hasty.begin()
    async with hasty.browser() as browser:
        callback = await browser.go(row)
        hasty.fault("oauth.v2.access", **ODD[case])
        async with asyncio.timeout(5):
            answer = await browser.http.get(callback)

    ended = await Authorization.get(id=row.id)
    assert answer.status_code == 200
    assert ended.status is AuthorizationStatus.FAILED
    expected = _CODES.get(case)
    assert expected is None or ended.failure_code is expected
    assert ended.failure_message
    assert "<b>" not in answer.text.replace("<b>Acme</b>", "")
    assert [grant.state for grant in await Grant.all()] == [GrantState.REVOKING] * (case in _WITH_A_TOKEN)
    assert await log(row.id) == ["AUTHORIZATION_FAILED"]


@pytest.mark.parametrize("fault", [{"fault": "status", "status": 500}, {"fault": "reset"}, {"fault": "malformed", "body": "{}"}])
async def test_a_token_of_which_the_provider_does_not_say_whose_it_is_is_given_back(world: World, fault: dict[str, Any]) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        callback = await browser.go(row)
        world.fault("auth.test", **fault)
        await browser.http.get(callback)
    assert (await Authorization.get(id=row.id)).status is AuthorizationStatus.FAILED
    assert len(world.living()) == 1

    await revoke_due(services=world.services)

    assert (await Grant.get()).state is GrantState.GONE
    assert world.living() == []


async def test_a_closed_tab_does_not_lose_the_sign_in(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        callback = await browser.go(row)
        world.fault("oauth.v2.access", "slow", seconds=0.5)
        loading = asyncio.create_task(browser.http.get(callback))
        await world.reach(token_requests=1)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
    await world.services.single_flight.settle(seconds=5)

    assert (await Authorization.get(id=row.id)).status is AuthorizationStatus.COMPLETED


async def test_who_leaves_during_the_exchange_leaves_no_grant_behind(world: World) -> None:
    bob = await world.join("Bob")
    row = await world.begin(by_session(bob))
    async with world.browser(bob) as browser:
        callback = await browser.go(row)
        world.fault("oauth.v2.access", "slow", seconds=1.5)
        finishing = asyncio.create_task(browser.http.get(callback))
        await world.reach(token_requests=1)
        await remove_member(team_id=bob.team_id, actor=None, member_id=bob.id, services=world.services)
        answer = await finishing
    await revoke_due(services=world.services)

    assert "Nothing was connected" in answer.text
    assert (await Authorization.get(id=row.id)).status is AuthorizationStatus.EXPIRED
    assert (await Grant.get()).state is GrantState.GONE
    assert world.living() == []


async def test_a_client_that_was_replaced_meanwhile_is_not_asked(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        callback = await browser.go(row)
        await write(lambda: Authorization.filter(id=row.id).update(client_id="another"))
        await browser.http.get(callback)

    ended = await Authorization.get(id=row.id)
    assert (ended.status, ended.failure_code) == (AuthorizationStatus.FAILED, AuthorizationFailureCode.CLIENT_REFUSED)
    assert world.token_requests == 0


async def test_a_verifier_that_was_moved_here_from_another_sign_in_does_not_open(world: World) -> None:
    row, other = await world.begin(), await world.begin()
    await write(lambda: Authorization.filter(id=row.id).update(sealed_verifier=other.sealed_verifier))

    ended = await complete(Returned(await Authorization.get(id=row.id), Secret("a-code"), None), services=world.services)

    assert (ended.status, ended.failure_code) == (
        AuthorizationStatus.FAILED,
        AuthorizationFailureCode.PROVIDER_UNREACHABLE,
    )
    assert world.token_requests == 0


async def test_a_commit_whose_answer_was_lost_leaves_one_grant_and_gives_nothing_back(world: World) -> None:
    lost = iter([unknown("lost in COMMIT")])

    class Deaf:
        async def change(self, *arguments: Any, **named: Any) -> Any:
            answer = await world.services.events.change(*arguments, **named)
            if (trouble := next(lost, None)) is not None:
                raise trouble
            return answer

    row = await world.begin()
    async with world.browser() as browser:
        callback = httpx2.URL(await browser.go(row))
    returned = Returned(await Authorization.get(id=row.id), Secret(callback.params["code"]), None)

    ended = await complete(returned, services=replace(world.services, events=cast(Events, Deaf())))
    await revoke_due(services=world.services)

    grant = await Grant.get()
    assert (ended.status, ended.grant_id) == (AuthorizationStatus.COMPLETED, grant.id)
    assert grant.state is GrantState.WAITING
    assert len(world.living()) == 1
    assert await log(row.id) == ["AUTHORIZATION_COMPLETED"]
