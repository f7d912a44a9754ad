"""What Slack gives for a code or a refresh token, and takes back."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from app.providers.contract import Alive, Failure, Fault, Identity, Tokens, Unwanted
from app.providers.slack import provider as slack
from tests.providers.scripted import (
    REFRESH_TOKEN,
    Wire,
    door_to,
    http,
    scripted,
)
from tests.providers.slack.steps import (
    NOW,
    ROTATED,
    STEPS,
    TEAM,
    TOKEN_METHOD,
    TOKENS,
    WHO,
    call_exchange,
    failed,
    fault_of,
    outcome_of,
    without,
)


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


ODD_TOKENS: Mapping[str, Mapping[str, object]] = {
    "no token": without(ROTATED, "access_token"),
    "an empty token": ROTATED | {"access_token": ""},
    "a token that is a number": ROTATED | {"access_token": 7},
    "a token that is null": ROTATED | {"access_token": None},
    "a token that is a list": ROTATED | {"access_token": ["xoxb-new"]},
    "a token with a line break": ROTATED | {"access_token": "xoxb-new\r\nX-Evil: 1"},
    "a token with a space": ROTATED | {"access_token": "xoxb new"},
    "a token with a tab": ROTATED | {"access_token": "xoxb\tnew"},
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
        outcome = failed(await call_exchange(provider, outbound))

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.BROKEN


@pytest.mark.parametrize("odd", [TOKENS | {"team": None}, TOKENS | {"is_enterprise_install": True}])
async def test_a_whole_organization_is_not_connected(odd: Mapping[str, object]) -> None:
    outcome = await outcome_of(STEPS["exchange"], http(odd))

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.REFUSED
    assert "choose one workspace" in outcome.message


@pytest.mark.parametrize(
    ("answer", "who", "account_id"),
    [
        (TOKENS | {"is_enterprise_install": True}, http(WHO), ""),
        (TOKENS, http("", status=500), TEAM["id"]),
        (TOKENS, http({"ok": False, "error": "account_inactive"}), TEAM["id"]),
        (TOKENS | {"team": TEAM | {"id": "T0OTHER01"}}, http(WHO), WHO["team_id"]),
    ],
    ids=["an organization's", "nobody says whose", "they do not work", "another workspace's"],
)
async def test_tokens_that_came_and_are_not_wanted_are_handed_over_to_be_given_back(
    answer: Mapping[str, object], who: Wire, account_id: str
) -> None:
    answers = {TOKEN_METHOD: http(answer), "/api/auth.test": who}

    async with scripted(lambda asked: answers[asked.target]) as provider, door_to(provider) as outbound:
        outcome = await call_exchange(provider, outbound)

    assert isinstance(outcome, Unwanted)
    assert (outcome.tokens.access.reveal(), outcome.account_id) == (TOKENS["access_token"], account_id)


async def exchange(answer: Mapping[str, object], who: Mapping[str, object] = WHO) -> tuple[Tokens, Identity]:
    answers = {TOKEN_METHOD: http(answer), "/api/auth.test": http(who)}
    async with scripted(lambda asked: answers[asked.target]) as provider, door_to(provider) as outbound:
        outcome = await call_exchange(provider, outbound)
    assert isinstance(outcome, tuple)
    return outcome


async def test_without_rotation_a_token_lasts() -> None:
    tokens, identity = await exchange(TOKENS)

    assert (tokens.access.reveal(), tokens.refresh, tokens.expires_at) == ("xoxb-new", None, None)
    assert tokens.scopes == slack.PROVIDER.scopes
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
    [
        ({"X-OAuth-Scopes": "chat:write,groups:read"}, ("chat:write", "groups:read")),
        ({"X-OAuth-Scopes": "chat:write,,"}, ("chat:write",)),
        ({}, None),
        ({"X-OAuth-Scopes": "<>"}, None),
        ({"X-OAuth-Scopes": "a" * 65}, None),
    ],
)
async def test_a_check_tells_the_scopes_where_slack_does(header: Mapping[str, str], scopes: tuple[str, ...] | None) -> None:
    outcome = await outcome_of(STEPS["check"], http(WHO, headers=header))

    assert isinstance(outcome, Alive)
    assert outcome.scopes == scopes
