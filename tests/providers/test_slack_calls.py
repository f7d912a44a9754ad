"""Whatever Slack answers: a typed failure, in time, and nothing that was secret."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.outbound import Outbound, parse_allow
from app.providers import slack
from app.providers.contract import Alive, Authorized, Client, Failure, Fault, Identity, Occasion, Posted, RunReport, Tokens
from app.providers.slack_channels import MESSAGING
from app.secret import Secret
from tests.providers.odd_answers import ENDLESS, FAILING, SENSELESS
from tests.providers.scripted import (
    ACCESS_TOKEN,
    CODE,
    REFRESH_TOKEN,
    SECRETS,
    VERIFIER,
    Asked,
    HastyOutbound,
    ScriptedProvider,
    Wire,
    door_to,
    http,
    scripted,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
REDIRECT_URI = "https://apps.example.com/callback/slack"
TEAM = {"id": "T0ACME001", "name": "Acme"}
TOKENS = {
    "ok": True,
    "access_token": "xoxb-new",
    "token_type": "bot",
    "scope": ",".join(slack.SCOPES),
    "bot_user_id": "U0ACMEB01",
    "team": TEAM,
    "enterprise": None,
    "is_enterprise_install": False,
}
ROTATED = TOKENS | {"access_token": "xoxe.xoxb-1-new", "refresh_token": "xoxe-1-new", "expires_in": 43_200}
WHO = {
    "ok": True,
    "url": "https://acme.slack.com/",
    "team": "Acme",
    "user": "app",
    "team_id": "T0ACME001",
    "user_id": "U0ACMEB01",
}
REPORT = RunReport(
    delivery_id="delivery-1",
    occasion=Occasion.RUN,
    monitor_name="Checkout",
    outcome="PASSED",
    started_at=NOW,
    duration_ms=1200,
    request_count=3,
    test_count=7,
    failed_test_count=0,
    error_count=0,
)

Call = Callable[[ScriptedProvider | Client, Outbound], Awaitable[Any]]


async def call_exchange(provider: ScriptedProvider | Client, outbound: Outbound) -> tuple[Tokens, Identity] | Failure:
    client = provider if isinstance(provider, Client) else provider.client()
    return await slack.exchange(
        client=client, code=CODE, verifier=Secret(VERIFIER), redirect_uri=REDIRECT_URI, now=NOW, outbound=outbound
    )


async def call_refresh(provider: ScriptedProvider | Client, outbound: Outbound) -> Tokens | Failure:
    client = provider if isinstance(provider, Client) else provider.client()
    token = Secret(REFRESH_TOKEN)
    return await slack.refresh(client=client, refresh_token=token, redirect_uri=REDIRECT_URI, now=NOW, outbound=outbound)


async def call_revoke(provider: ScriptedProvider | Client, outbound: Outbound) -> Failure | None:
    client = provider if isinstance(provider, Client) else provider.client()
    return await slack.revoke(client=client, access=Secret(ACCESS_TOKEN), outbound=outbound)


async def call_check(provider: ScriptedProvider | Client, outbound: Outbound) -> Alive | Failure:
    return await slack.check(authorized=_authorized(provider), outbound=outbound)


async def call_post(provider: ScriptedProvider | Client, outbound: Outbound) -> Posted | Failure:
    return await MESSAGING.post_report(authorized=_authorized(provider), channel_id="C0ACME001", report=REPORT, outbound=outbound)


async def call_list(provider: ScriptedProvider | Client, outbound: Outbound) -> object:
    return await MESSAGING.list_channels(authorized=_authorized(provider), cursor=None, limit=100, outbound=outbound)


async def call_find(provider: ScriptedProvider | Client, outbound: Outbound) -> object:
    return await MESSAGING.find_channel(authorized=_authorized(provider), channel_id="C0ACME001", outbound=outbound)


def _authorized(provider: ScriptedProvider | Client) -> Authorized:
    base = provider.base_url if isinstance(provider, Client) else provider.url
    return Authorized(access=Secret(ACCESS_TOKEN), client_id="client-id", base_url=base, origin=base)


@dataclass(frozen=True)
class Step:
    """A call, and at which of the methods that it uses the odd answer comes."""

    call: Call
    odd: str
    before: Mapping[str, Wire]


TOKEN_METHOD = "/api/oauth.v2.access"
STEPS = {
    "exchange": Step(call_exchange, TOKEN_METHOD, {}),
    "exchange, asking whose token": Step(call_exchange, "/api/auth.test", {TOKEN_METHOD: http(TOKENS)}),
    "refresh": Step(call_refresh, TOKEN_METHOD, {}),
    "revoke": Step(call_revoke, "/api/auth.revoke", {}),
    "check": Step(call_check, "/api/auth.test", {}),
    "post": Step(call_post, "/api/chat.postMessage", {}),
    "list": Step(call_list, "/api/conversations.list", {}),
    "find": Step(call_find, "/api/conversations.info", {}),
}
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


def answering(step: Step, odd: Wire) -> Callable[[Asked], Wire]:
    answers = {**step.before, step.odd: odd}
    return lambda asked: answers[asked.target]


async def outcome_of(step: Step, odd: Wire) -> Any:
    async with scripted(answering(step, odd)) as provider, door_to(provider) as outbound:
        return await step.call(provider, outbound)


async def fault_of(step: Step, odd: Wire) -> Fault | None:
    outcome = await outcome_of(step, odd)
    if isinstance(outcome, Failure):
        assert 0 < len(outcome.words) <= 300
        assert not any(secret in repr(outcome) for secret in SECRETS)
        return outcome.fault
    return None


@every_step
@pytest.mark.parametrize("odd", SENSELESS.values(), ids=SENSELESS)
async def test_an_answer_without_sense_is_broken(step: Step, odd: Wire) -> None:
    assert await fault_of(step, odd) is Fault.BROKEN


@every_step
@pytest.mark.parametrize(("odd", "fault"), FAILING.values(), ids=FAILING)
async def test_an_answer_that_fails_is_sorted_by_how(step: Step, odd: Wire, fault: Fault) -> None:
    assert await fault_of(step, odd) is fault


@pytest.mark.parametrize("odd", ENDLESS.values(), ids=ENDLESS)
async def test_an_answer_that_never_ends_is_given_up_in_time(odd: Wire) -> None:
    for step in STEPS.values():
        async with scripted(answering(step, odd)) as provider:
            outbound = HastyOutbound(port=provider.port)
            begun = time.monotonic()

            outcome = await asyncio.wait_for(step.call(provider, outbound), 5)

            assert isinstance(outcome, Failure)
            assert outcome.fault is Fault.UNREACHABLE
            assert time.monotonic() - begun < 2
            assert outbound.deadlines[0] == (20 if TOKEN_METHOD in {step.odd, *step.before} else 10)
            assert outbound.deadlines[1:] in ([], [10])
            await outbound.aclose()


REFUSALS = {
    "invalid_auth": Fault.DEAD_GRANT,
    "token_revoked": Fault.DEAD_GRANT,
    "account_inactive": Fault.DEAD_GRANT,
    "not_authed": Fault.DEAD_GRANT,
    "user_is_deactivated": Fault.DEAD_GRANT,
    "token_expired": Fault.EXPIRED,
    "missing_scope": Fault.MISSING_SCOPES,
    "invalid_client_id": Fault.CLIENT_REFUSED,
    "bad_client_secret": Fault.CLIENT_REFUSED,
    "channel_not_found": Fault.TARGET_GONE,
    "is_archived": Fault.TARGET_GONE,
    "not_in_channel": Fault.TARGET_GONE,
    "restricted_action": Fault.TARGET_GONE,
    "ratelimited": Fault.BUSY,
    "rate_limited": Fault.BUSY,
    "org_login_required": Fault.BUSY,
    "internal_error": Fault.BROKEN,
    "fatal_error": Fault.BROKEN,
    "invalid_blocks": Fault.REFUSED,
    "msg_too_long": Fault.REFUSED,
    "a_code_of_tomorrow": Fault.REFUSED,
}


@pytest.mark.parametrize(("code", "fault"), REFUSALS.items(), ids=REFUSALS)
@pytest.mark.parametrize("name", ["check", "post", "list", "find"])
async def test_a_refusal_is_sorted_and_its_code_shown(name: str, code: str, fault: Fault) -> None:
    outcome = await outcome_of(STEPS[name], http({"ok": False, "error": code}))

    assert isinstance(outcome, Failure)
    assert outcome.fault is fault
    assert f"({code})" in outcome.words


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_counts_whatever_its_http_status(status: int) -> None:
    assert await fault_of(STEPS["post"], http({"ok": False, "error": "token_revoked"}, status=status)) is Fault.DEAD_GRANT


async def test_what_is_missing_is_named() -> None:
    odd = http({"ok": False, "error": "missing_scope", "needed": "chat:write,groups:read", "provided": "channels:read"})

    outcome = await outcome_of(STEPS["post"], odd)

    assert outcome.missing_scopes == ("chat:write", "groups:read")


@pytest.mark.parametrize("needed", [None, "", "<script>", "a" * 5000, "chat:write,,"])
async def test_what_is_missing_may_not_be_said(needed: str | None) -> None:
    outcome = await outcome_of(STEPS["post"], http({"ok": False, "error": "missing_scope", "needed": needed}))

    assert outcome.fault is Fault.MISSING_SCOPES
    assert outcome.missing_scopes == (("chat:write",) if needed == "chat:write,," else ())


@pytest.mark.parametrize(
    "error",
    ["", "No such thing", ACCESS_TOKEN, "x" * 61, "<b>", "INVALID", "a\nb", "ein_fehlér", "8f742231b10e8888abcd99a2c485f5a5"],
)
async def test_words_that_are_no_code_are_not_repeated(error: str) -> None:
    outcome = await outcome_of(STEPS["post"], http({"ok": False, "error": error}))

    assert outcome == Failure(Fault.REFUSED, "Slack refused, in words that are no error code of its own.")


WAITS: Mapping[str, tuple[Mapping[str, str], float | None]] = {
    "seconds": ({"Retry-After": "30"}, 30.0),
    "none": ({"Retry-After": "0"}, 0.0),
    "eleven days": ({"Retry-After": "1000000"}, 3600.0),
    "thirty years": ({"Retry-After": "1000000000"}, 3600.0),
    "more digits than a number has": ({"Retry-After": "9" * 5000}, None),
    "a date": ({"Retry-After": "Sat, 21 Nov 2026 10:01:30 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 90.0),
    "a date that has passed": ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 0.0),
    "a date in ages": ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 3600.0),
    "a date against no date": ({"Retry-After": "Sat, 21 Nov 2026 10:01:30 GMT"}, None),
    "negative": ({"Retry-After": "-1"}, None),
    "a fraction": ({"Retry-After": "1.5"}, None),
    "digits of another script": ({"Retry-After": "\xb2"}, None),
    "words": ({"Retry-After": "soon"}, None),
    "nothing": ({}, None),
    "twice": ({"Retry-After": "3", "retry-after": "4"}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), WAITS.values(), ids=WAITS)
@pytest.mark.parametrize("name", ["refresh", "post"])
async def test_patience_is_asked_for_in_seconds_of_an_hour_at_most(
    name: str, headers: Mapping[str, str], seconds: float | None
) -> None:
    outcome = await outcome_of(STEPS[name], http({"ok": False, "error": "ratelimited"}, status=429, headers=headers))

    assert isinstance(outcome, Failure)
    assert (outcome.fault, outcome.retry_after) == (Fault.BUSY, seconds)


@pytest.mark.parametrize("code", ["invalid_code", "bad_redirect_uri", "invalid_code_verifier", "invalid_grant", "invalid_auth"])
async def test_a_code_that_is_no_good_is_refused(code: str) -> None:
    assert await fault_of(STEPS["exchange"], http({"ok": False, "error": code})) is Fault.REFUSED


@pytest.mark.parametrize("code", ["invalid_refresh_token", "token_revoked", "token_expired", "invalid_grant", "account_inactive"])
async def test_a_refresh_token_that_is_no_good_is_a_dead_grant(code: str) -> None:
    assert await fault_of(STEPS["refresh"], http({"ok": False, "error": code})) is Fault.DEAD_GRANT


@pytest.mark.parametrize("code", ["token_revoked", "invalid_auth", "account_inactive", "not_authed"])
async def test_a_token_that_is_dead_already_is_given_back(code: str) -> None:
    assert await outcome_of(STEPS["revoke"], http({"ok": False, "error": code})) is None


@pytest.mark.parametrize("revoked", [False, None, 1, "true"])
async def test_a_token_is_given_back_only_by_slacks_word(revoked: object) -> None:
    assert await fault_of(STEPS["revoke"], http({"ok": True, "revoked": revoked})) is Fault.BROKEN


async def test_a_token_is_given_back() -> None:
    assert await outcome_of(STEPS["revoke"], http({"ok": True, "revoked": True})) is None


def without(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    return {key: value for key, value in answer.items() if key != name}


ODD_TOKENS: Mapping[str, Mapping[str, object]] = {
    "no token": without(ROTATED, "access_token"),
    "an empty token": ROTATED | {"access_token": ""},
    "a token that is a number": ROTATED | {"access_token": 7},
    "a token that is null": ROTATED | {"access_token": None},
    "a token that is a list": ROTATED | {"access_token": ["xoxb-new"]},
    "a token with a line break": ROTATED | {"access_token": "xoxb-new\r\nX-Evil: 1"},
    "a token with a space": ROTATED | {"access_token": "xoxb new"},
    "a token with a null byte": ROTATED | {"access_token": "xoxb-new\0"},
    "a token that is not ascii": ROTATED | {"access_token": "xoxb-néw"},
    "a token without end": ROTATED | {"access_token": "x" * 5000},
    "a refresh token with a line break": ROTATED | {"refresh_token": "xoxe-1\n"},
    "an empty refresh token": ROTATED | {"refresh_token": ""},
    "no type": without(ROTATED, "token_type"),
    "the type mac": ROTATED | {"token_type": "mac"},
    "the type user": ROTATED | {"token_type": "user"},
    "no scopes": without(ROTATED, "scope"),
    "scopes as a list": ROTATED | {"scope": ["chat:write"]},
    "scopes of another shape": ROTATED | {"scope": "chat write; drop"},
    "expires in -1": ROTATED | {"expires_in": -1},
    "expires in 0": ROTATED | {"expires_in": 0},
    "expires in an empty string": ROTATED | {"expires_in": ""},
    "expires in a string": ROTATED | {"expires_in": "43200"},
    "expires in 1e18": ROTATED | {"expires_in": 1e18},
    "expires in 10**18": ROTATED | {"expires_in": 10**18},
    "expires in true": ROTATED | {"expires_in": True},
    "expires in a fraction": ROTATED | {"expires_in": 0.5},
    "expires in a list": ROTATED | {"expires_in": [43_200]},
}


@pytest.mark.parametrize("odd", ODD_TOKENS.values(), ids=ODD_TOKENS)
@pytest.mark.parametrize("name", ["exchange", "refresh"])
async def test_tokens_that_make_no_sense_are_not_taken(name: str, odd: Mapping[str, object]) -> None:
    assert await fault_of(STEPS[name], http(odd)) is Fault.BROKEN


ODD_WORKSPACES: Mapping[str, Mapping[str, object]] = {
    "no team": without(TOKENS, "team"),
    "a team that is a string": TOKENS | {"team": "T0ACME001"},
    "a team without an id": TOKENS | {"team": {"name": "Acme"}},
    "a team's id with markup": TOKENS | {"team": TEAM | {"id": "<T0>"}},
    "a team without a name": TOKENS | {"team": TEAM | {"name": ""}},
    "another team than auth.test says": TOKENS | {"team": TEAM | {"id": "T0OTHER01"}},
}


@pytest.mark.parametrize("odd", ODD_WORKSPACES.values(), ids=ODD_WORKSPACES)
async def test_a_workspace_that_makes_no_sense_is_not_connected(odd: Mapping[str, object]) -> None:
    answers = {TOKEN_METHOD: http(odd), "/api/auth.test": http(WHO)}

    async with scripted(lambda asked: answers[asked.target]) as provider, door_to(provider) as outbound:
        outcome = await call_exchange(provider, outbound)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.BROKEN


@pytest.mark.parametrize("odd", [TOKENS | {"team": None}, TOKENS | {"is_enterprise_install": True}])
async def test_a_whole_organization_is_not_connected(odd: Mapping[str, object]) -> None:
    outcome = await outcome_of(STEPS["exchange"], http(odd))

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.REFUSED
    assert "choose one workspace" in outcome.words


async def exchange(answer: Mapping[str, object], who: Mapping[str, object] = WHO) -> tuple[Tokens, Identity]:
    answers = {TOKEN_METHOD: http(answer), "/api/auth.test": http(who)}
    async with scripted(lambda asked: answers[asked.target]) as provider, door_to(provider) as outbound:
        outcome = await call_exchange(provider, outbound)
    assert isinstance(outcome, tuple)
    return outcome


async def test_without_rotation_a_token_lasts() -> None:
    tokens, identity = await exchange(TOKENS)

    assert (tokens.access.reveal(), tokens.refresh, tokens.expires_at) == ("xoxb-new", None, None)
    assert tokens.scopes == slack.SCOPES
    assert identity == Identity("T0ACME001", "Acme", actor_id="U0ACMEB01", url="https://acme.slack.com/")


@pytest.mark.parametrize(
    ("answer", "lifetime"),
    [
        (ROTATED, timedelta(hours=12)),
        (ROTATED | {"expires_in": 60}, timedelta(seconds=60)),
        (without(ROTATED, "expires_in"), timedelta(hours=12)),
        (without(ROTATED, "refresh_token"), timedelta(hours=12)),
    ],
)
async def test_with_rotation_a_token_ends(answer: Mapping[str, object], lifetime: timedelta) -> None:
    tokens, _ = await exchange(answer)

    assert tokens.expires_at == NOW + lifetime
    assert (tokens.refresh.reveal() if tokens.refresh else None) == answer.get("refresh_token")


@pytest.mark.parametrize(
    ("granted", "scopes"),
    [
        ("chat:write", ("chat:write",)),
        ("chat:write, users:read,chat:write", ("chat:write", "users:read")),
        ("", ()),
    ],
)
async def test_scopes_are_what_was_granted_not_what_was_asked(granted: str, scopes: tuple[str, ...]) -> None:
    tokens, _ = await exchange(TOKENS | {"scope": granted})

    assert tokens.scopes == scopes


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://user@acme.slack.com/", "", None, "//acme.slack.com"])
async def test_an_address_that_could_not_be_shown_as_a_link_is_left_out(url: str | None) -> None:
    _, identity = await exchange(TOKENS, WHO | {"url": url})

    assert identity.url is None


async def test_a_workspaces_name_loses_what_cannot_be_shown() -> None:
    _, identity = await exchange(TOKENS, WHO | {"team": "Ac\u202eme\x00 &\n Co"})

    assert identity.account_name == "Acme & Co"


async def test_a_refresh_that_brings_no_refresh_token_keeps_the_old_one() -> None:
    outcome = await outcome_of(STEPS["refresh"], http(without(ROTATED, "refresh_token")))

    assert isinstance(outcome, Tokens)
    assert outcome.refresh is not None
    assert outcome.refresh.reveal() == REFRESH_TOKEN


@pytest.mark.parametrize(
    ("header", "scopes"),
    [({"X-OAuth-Scopes": "chat:write,groups:read"}, ("chat:write", "groups:read")), ({}, None), ({"X-OAuth-Scopes": "<>"}, None)],
)
async def test_a_check_tells_the_scopes_where_slack_does(header: Mapping[str, str], scopes: tuple[str, ...] | None) -> None:
    outcome = await outcome_of(STEPS["check"], http(WHO, headers=header))

    assert isinstance(outcome, Alive)
    assert outcome.scopes == scopes


ODD_POSTS: Mapping[str, Mapping[str, object]] = {
    "no ts": {"ok": True, "channel": "C0ACME001"},
    "no channel": {"ok": True, "ts": "1700000000.000100"},
    "a ts that is a number": {"ok": True, "channel": "C0ACME001", "ts": 1_700_000_000.0001},
    "an empty ts": {"ok": True, "channel": "C0ACME001", "ts": ""},
    "a channel that is an object": {"ok": True, "channel": {"id": "C0ACME001"}, "ts": "1700000000.000100"},
}


@pytest.mark.parametrize("odd", ODD_POSTS.values(), ids=ODD_POSTS)
async def test_a_message_stands_only_by_slacks_word(odd: Mapping[str, object]) -> None:
    assert await fault_of(STEPS["post"], http(odd)) is Fault.BROKEN


ODD_CHANNELS: Mapping[str, object] = {
    "no channels": {"ok": True},
    "channels that are an object": {"ok": True, "channels": {}},
    "a channel that is a string": {"ok": True, "channels": ["C1"]},
    "a channel without an id": {"ok": True, "channels": [{"name": "x", "is_private": False}]},
    "a name with a line break": {"ok": True, "channels": [{"id": "C1", "name": "x\ny", "is_private": False}]},
    "is_private as a string": {"ok": True, "channels": [{"id": "C1", "name": "x", "is_private": "false"}]},
    "a cursor that is a number": {"ok": True, "channels": [], "response_metadata": {"next_cursor": 5}},
}


@pytest.mark.parametrize("odd", ODD_CHANNELS.values(), ids=ODD_CHANNELS)
async def test_channels_that_make_no_sense_are_not_listed(odd: object) -> None:
    assert await fault_of(STEPS["list"], http(odd)) is Fault.BROKEN


async def test_a_cursor_that_leads_to_itself_is_the_end() -> None:
    answer = http({"ok": True, "channels": [], "response_metadata": {"next_cursor": "again"}})

    async with scripted(lambda _: answer) as provider, door_to(provider) as outbound:
        first = await MESSAGING.list_channels(authorized=_authorized(provider), cursor=None, limit=9, outbound=outbound)
        second = await MESSAGING.list_channels(authorized=_authorized(provider), cursor="again", limit=9, outbound=outbound)

    assert not isinstance(first, Failure)
    assert not isinstance(second, Failure)
    assert (first.next_cursor, second.next_cursor) == ("again", None)


async def test_another_channel_than_asked_about_is_broken() -> None:
    odd = http({"ok": True, "channel": {"id": "C0OTHER01", "name": "x", "is_private": False}})

    assert await fault_of(STEPS["find"], odd) is Fault.BROKEN


@pytest.mark.parametrize("channel_id", ["", "C0 1", "C0ACME001&team=T1", "#general", "\ud800", "C" * 65])
async def test_what_is_no_channels_id_is_not_asked_about(channel_id: str) -> None:
    async with scripted(lambda _: http(status=500)) as provider, door_to(provider) as outbound:
        found = await MESSAGING.find_channel(authorized=_authorized(provider), channel_id=channel_id, outbound=outbound)
        posted = await MESSAGING.post_report(
            authorized=_authorized(provider), channel_id=channel_id, report=REPORT, outbound=outbound
        )

    assert isinstance(found, Failure)
    assert found.fault is Fault.TARGET_GONE
    assert posted == found
    assert provider.asked == []


@every_step
async def test_where_nobody_listens_slack_is_unreachable(step: Step) -> None:
    async with scripted(lambda _: http()) as gone:
        pass

    async with door_to(gone) as outbound:
        outcome = await step.call(gone, outbound)

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.UNREACHABLE


@every_step
async def test_what_speaks_no_tls_is_unreachable(step: Step) -> None:
    async with scripted(lambda _: http()) as provider:
        secure = provider.url.replace("http:", "https:")
        outbound = Outbound(allow=parse_allow("127.0.0.1"))
        client = Client(id="client-id", secret=Secret("secret"), base_url=secure, origin=secure)

        outcome = await step.call(client, outbound)

        await outbound.aclose()
    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.UNREACHABLE


@every_step
async def test_where_the_policy_forbids_it_slack_is_not_asked(step: Step) -> None:
    async with scripted(lambda _: http()) as provider:
        outbound = Outbound()

        outcome = await step.call(provider, outbound)

        await outbound.aclose()
    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.NOT_ALLOWED
    assert provider.asked == []
