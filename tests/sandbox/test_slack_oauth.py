import base64
import hashlib
import time
from datetime import timedelta

import pytest
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.token_rotation import TokenRotator

from app.sandbox.slack_app import CLIENT_ID, CLIENT_SECRET
from tests.sandbox.running import REDIRECT_URI, SCOPES, Sandbox, error_of

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def exchange(sandbox: Sandbox, **changed: str) -> object:
    given = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uri": REDIRECT_URI, **changed}
    return sandbox.web().api_call("oauth.v2.access", params=given).data


def test_a_code_is_exchanged_for_the_workspaces_bot_token(sandbox: Sandbox) -> None:
    answer = sandbox.install("Acme", ("chat:write", "channels:read"))

    assert answer["access_token"].startswith("xoxb-")
    assert {key: answer[key] for key in answer.data if key != "access_token"} == {
        "ok": True,
        "app_id": "A0SANDBOX01",
        "authed_user": {"id": "U0ACME001"},
        "scope": "chat:write,channels:read",
        "token_type": "bot",
        "bot_user_id": "U0ACMEB01",
        "team": {"id": "T0ACME001", "name": "Acme"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def test_the_token_says_whose_it_is(sandbox: Sandbox) -> None:
    answer = sandbox.bot("Globex").auth_test()

    assert (answer["team_id"], answer["team"], answer["user_id"]) == ("T0GLOBEX002", "Globex", "U0GLOBEXB02")
    assert answer.headers["x-oauth-scopes"] == ",".join(SCOPES)


def test_a_second_consent_gives_the_same_token_with_the_scopes_of_both(sandbox: Sandbox) -> None:
    first = sandbox.install("Acme", ("chat:write",))
    second = sandbox.install("Acme", ("channels:read",))
    elsewhere = sandbox.install("Globex", ("chat:write",))

    assert second["access_token"] == first["access_token"]
    assert second["scope"] == "chat:write,channels:read"
    assert elsewhere["access_token"] != first["access_token"]


def test_user_scopes_give_a_token_of_the_person(sandbox: Sandbox) -> None:
    code = sandbox.consent("Acme", ("chat:write",), user_scope="channels:read")

    answer = sandbox.web().oauth_v2_access(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, code=code, redirect_uri=REDIRECT_URI)

    assert answer["authed_user"]["access_token"].startswith("xoxp-")
    assert answer["authed_user"]["scope"] == "channels:read"


def test_a_code_is_good_once(sandbox: Sandbox) -> None:
    code = sandbox.consent()
    exchange(sandbox, code=code)

    with pytest.raises(SlackApiError) as refused:
        exchange(sandbox, code=code)

    assert error_of(refused) == "invalid_code"


@pytest.mark.parametrize(("age", "good"), [(timedelta(seconds=599), True), (timedelta(minutes=10), False)])
def test_a_code_is_good_for_ten_minutes(sandbox: Sandbox, age: timedelta, *, good: bool) -> None:
    code = sandbox.consent()
    sandbox.clock.advance(age)

    answer = sandbox.http.post(
        "/slack/api/oauth.v2.access",
        data={"code": code, "redirect_uri": REDIRECT_URI},
        auth=(CLIENT_ID, CLIENT_SECRET),
    )

    assert answer.status_code == 200
    assert answer.json()["ok"] is good
    assert answer.json().get("error") == (None if good else "invalid_code")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "somebody-else"}, "invalid_client_id"),
        ({"client_secret": "wrong"}, "bad_client_secret"),
        ({"code": "made-up"}, "invalid_code"),
        ({"redirect_uri": "http://127.0.0.1:8000/elsewhere"}, "bad_redirect_uri"),
        ({"grant_type": "password"}, "invalid_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "xoxe-1-made-up"}, "invalid_refresh_token"),
        ({"code_verifier": VERIFIER}, "invalid_code_verifier"),
    ],
)
def test_a_wrong_exchange_is_refused_and_grants_nothing(sandbox: Sandbox, changed: dict[str, str], error: str) -> None:
    code = sandbox.consent()

    with pytest.raises(SlackApiError) as refused:
        exchange(sandbox, **({"code": code} | changed))

    assert (error_of(refused), refused.value.response.status_code) == (error, 200)
    assert sandbox.state()["grants"] == []


def test_the_right_verifier_proves_a_challenge(sandbox: Sandbox) -> None:
    code = sandbox.consent(code_challenge=CHALLENGE, code_challenge_method="S256")

    exchange(sandbox, code=code, code_verifier=VERIFIER)

    assert len(sandbox.state()["grants"]) == 1


@pytest.mark.parametrize("verifier", [{}, {"code_verifier": "x" * 43}])
def test_a_challenge_is_proved_by_nothing_else(sandbox: Sandbox, verifier: dict[str, str]) -> None:
    code = sandbox.consent(code_challenge=CHALLENGE, code_challenge_method="S256")

    with pytest.raises(SlackApiError) as refused:
        exchange(sandbox, code=code, **verifier)

    assert error_of(refused) == "invalid_code_verifier"


def test_slacks_own_rotator_refreshes_the_pair(sandbox: Sandbox) -> None:
    sandbox.control("settings", provider="slack", rotation=True)
    first = sandbox.install()
    installation = Installation(
        user_id="U0ACME001",
        bot_token=first["access_token"],
        bot_refresh_token=first["refresh_token"],
        bot_token_expires_at=int(time.time()) + 60,
    )

    rotated = TokenRotator(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, client=sandbox.web()).perform_token_rotation(
        installation=installation
    )

    assert first["access_token"].startswith("xoxe.xoxb-1-")
    assert first["refresh_token"].startswith("xoxe-1-")
    assert first["expires_in"] == 43_200
    assert rotated is not None
    assert rotated.bot_token not in {None, first["access_token"]}
    assert rotated.bot_refresh_token not in {None, first["refresh_token"]}
    assert sandbox.web(rotated.bot_token).auth_test()["expires_in"] == 43_200


def test_a_refresh_token_is_spent_by_its_use(sandbox: Sandbox) -> None:
    sandbox.control("settings", provider="slack", rotation=True)
    first = sandbox.install()
    installation = Installation(
        user_id="U0ACME001", bot_token="x", bot_refresh_token=first["refresh_token"], bot_token_expires_at=0
    )
    rotator = TokenRotator(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, client=sandbox.web())
    rotator.perform_token_rotation(installation=installation)

    with pytest.raises(SlackTokenRotationError) as refused:
        rotator.perform_token_rotation(installation=installation)

    assert refused.value.api_error.response["error"] == "invalid_refresh_token"


def test_a_rotated_token_ends_after_twelve_hours(sandbox: Sandbox) -> None:
    sandbox.control("settings", provider="slack", rotation=True)
    bot = sandbox.bot()
    sandbox.clock.advance(timedelta(hours=12))

    with pytest.raises(SlackApiError) as refused:
        bot.auth_test()

    assert error_of(refused) == "token_expired"


def test_with_rotation_each_consent_gives_a_fresh_pair(sandbox: Sandbox) -> None:
    sandbox.control("settings", provider="slack", rotation=True)

    first, second = sandbox.install(), sandbox.install()

    assert first["access_token"] != second["access_token"]
    assert sandbox.web(first["access_token"]).auth_test()["ok"]


def test_a_revoked_token_is_refused_and_its_bot_has_left_its_channels(sandbox: Sandbox) -> None:
    bot = sandbox.bot()
    bot.conversations_join(channel="C0ACME001")
    sandbox.control("invite", workspace="Acme", channel="ops-private")

    assert bot.auth_revoke()["revoked"] is True

    with pytest.raises(SlackApiError) as refused:
        bot.auth_test()
    assert error_of(refused) == "token_revoked"
    assert [each["name"] for each in sandbox.state()["channels"] if each["is_member"]] == []


def test_a_test_of_revocation_changes_nothing(sandbox: Sandbox) -> None:
    bot = sandbox.bot()

    answer = bot.auth_revoke(test=True)

    assert answer["revoked"] is False
    assert bot.auth_test()["ok"]


def test_a_consent_after_revocation_gives_another_token(sandbox: Sandbox) -> None:
    first = sandbox.install()
    sandbox.web(first["access_token"]).auth_revoke()

    second = sandbox.install()

    assert second["access_token"] != first["access_token"]
    assert second["bot_user_id"] == first["bot_user_id"]


def test_uninstalling_takes_the_apps_client_and_ends_the_account(sandbox: Sandbox) -> None:
    bot = sandbox.bot()

    with pytest.raises(SlackApiError) as refused:
        bot.apps_uninstall(client_id=CLIENT_ID, client_secret="wrong")
    assert error_of(refused) == "bad_client_secret"
    assert bot.auth_test()["ok"]

    bot.apps_uninstall(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    with pytest.raises(SlackApiError) as refused:
        bot.auth_test()
    assert error_of(refused) == "account_inactive"


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("xoxb-made-up", "invalid_auth")])
def test_a_call_without_a_good_token_is_refused(sandbox: Sandbox, token: str | None, error: str) -> None:
    with pytest.raises(SlackApiError) as refused:
        sandbox.web(token).auth_test()

    assert error_of(refused) == error
