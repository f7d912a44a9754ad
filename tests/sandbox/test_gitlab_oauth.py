from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from gitlab.exceptions import GitlabAuthenticationError

from tests.sandbox.git_sign_ins import PKCE, REDIRECT_URI, VERIFIER, GitServer, gitlab_server, gitlab_with
from tests.sandbox.running import Sandbox, query_of

INVALID_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI "
    "used in the authorization request, or was issued to another client."
)


@pytest.fixture
def server(sandbox: Sandbox) -> GitServer:
    return gitlab_server(sandbox)


def sign_in(server: GitServer, user: str = "ada") -> Any:
    return server.exchange(server.code(user, **PKCE), code_verifier=VERIFIER).json()


def refresh(server: GitServer, token: str, **changed: str) -> httpx2.Response:
    given = {"grant_type": "refresh_token", "refresh_token": token, "redirect_uri": REDIRECT_URI, **server.client, **changed}
    return server.sandbox.http.post("/gitlab/oauth/token", data={key: value for key, value in given.items() if value})


def read_user(server: GitServer, access: str) -> httpx2.Response:
    return server.sandbox.http.get("/gitlab/api/v4/user", headers={"Authorization": f"Bearer {access}"})


def show_token(server: GitServer, access: str) -> httpx2.Response:
    return server.sandbox.http.get("/gitlab/oauth/token/info", headers={"Authorization": f"Bearer {access}"})


def test_a_code_is_exchanged_for_a_pair(server: GitServer) -> None:
    pair = sign_in(server)

    assert {key: pair[key] for key in pair if key not in {"access_token", "refresh_token"}} == {
        "token_type": "bearer",
        "expires_in": 7200,
        "scope": "api",
        "created_at": int(server.sandbox.clock.now().timestamp()),
    }
    assert len(pair["access_token"]) == len(pair["refresh_token"]) == 64
    assert read_user(server, pair["access_token"]).json()["username"] == "ada"


def test_a_refusal_goes_back_with_the_state_and_grants_nothing(server: GitServer) -> None:
    assert query_of(server.decide(decision="deny")) == {
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request.",
        "state": "the-state",
    }
    assert server.sandbox.state()["grants"] == []


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": ""}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "api repo"}, "invalid_scope"),
        ({"code_challenge": "abc", "code_challenge_method": "plain"}, "invalid_code_challenge_method"),
    ],
)
def test_a_request_that_asks_wrongly_goes_back_as_an_error(server: GitServer, changed: dict[str, str], error: str) -> None:
    answer = server.sandbox.http.get(server.ask(**changed))

    assert (query_of(answer)["error"], query_of(answer)["state"]) == (error, "the-state")


@pytest.mark.parametrize(
    ("changed", "error"),
    [({"client_id": "somebody-else"}, "invalid_client"), ({"redirect_uri": "https://evil.example/"}, "invalid_redirect_uri")],
)
def test_a_request_without_a_way_back_ends_on_an_error_page(server: GitServer, changed: dict[str, str], error: str) -> None:
    answer = server.decide(**changed)

    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert f"<code>{error}</code>" in answer.text
    assert ("sends browsers back to this machine alone" in answer.text) == ("redirect_uri" in changed)


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_id": "somebody-else"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"code": "made-up"}, 400, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:8000/elsewhere"}, 400, "invalid_grant"),
        ({"code_verifier": "x" * 43}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"code": ""}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_wrong_exchange_is_refused_as_doorkeeper_does_and_grants_nothing(
    server: GitServer, changed: dict[str, str], status: int, error: str
) -> None:
    answer = server.exchange(**({"code": server.code(**PKCE), "code_verifier": VERIFIER} | changed))

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="Doorkeeper", error="{error}", error_description="{answer.json()["error_description"]}"'
    )
    assert server.sandbox.state()["grants"] == []


def test_a_code_is_good_once_and_for_ten_minutes(server: GitServer) -> None:
    used, old = server.code(), server.code()
    server.exchange(used)
    server.sandbox.clock.advance(timedelta(minutes=10))

    for code in (used, old):
        assert server.exchange(code).json() == {"error": "invalid_grant", "error_description": INVALID_GRANT}


@pytest.mark.parametrize(("age", "status"), [(timedelta(seconds=7199), 200), (timedelta(seconds=7200), 401)])
def test_an_access_token_is_good_for_two_hours(server: GitServer, age: timedelta, status: int) -> None:
    pair = sign_in(server)
    server.sandbox.clock.advance(age)

    assert read_user(server, pair["access_token"]).status_code == status


def test_an_expired_token_is_called_so(server: GitServer) -> None:
    pair = sign_in(server)
    server.sandbox.clock.advance(timedelta(hours=2))

    with pytest.raises(GitlabAuthenticationError) as refused:
        gitlab_with(server, pair["access_token"]).auth()

    assert read_user(server, pair["access_token"]).json() == {
        "error": "invalid_token",
        "error_description": "Token is expired. You can either do re-authorization or token refresh.",
    }
    assert refused.value.response_code == 401
    assert show_token(server, pair["access_token"]).status_code == 401


def test_a_refresh_ends_the_old_pair_whole(server: GitServer) -> None:
    old = sign_in(server)

    new = refresh(server, old["refresh_token"]).json()

    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]
    assert read_user(server, new["access_token"]).json()["username"] == "ada"
    assert read_user(server, old["access_token"]).json()["error_description"] == (
        "Token was revoked. You have to re-authorize from the user."
    )
    assert read_user(server, "made-up").json()["error_description"] == "Bad Access Token."


def test_a_refresh_token_outlives_its_access_token(server: GitServer) -> None:
    pair = sign_in(server)
    server.sandbox.clock.advance(timedelta(days=90))

    assert refresh(server, pair["refresh_token"]).status_code == 200


def test_a_refresh_token_is_good_once_even_in_a_race(server: GitServer) -> None:
    pair = sign_in(server)

    with ThreadPoolExecutor(8) as racers:
        answers = list(racers.map(lambda _: refresh(server, pair["refresh_token"]), range(8)))

    assert sorted(each.status_code for each in answers) == [200] + [400] * 7
    lost = next(each for each in answers if each.status_code == 400)
    assert lost.json() == {"error": "invalid_grant", "error_description": INVALID_GRANT}
    won = next(each for each in answers if each.status_code == 200)
    assert read_user(server, won.json()["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"token": ""}, 400, "invalid_request"),
        ({"token": "made-up"}, 400, "invalid_grant"),
    ],
)
def test_a_wrong_refresh_is_refused_and_spends_nothing(
    server: GitServer, changed: dict[str, str], status: int, error: str
) -> None:
    pair = sign_in(server)

    answer = refresh(server, **({"token": pair["refresh_token"]} | changed))

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert refresh(server, pair["refresh_token"]).status_code == 200


@pytest.mark.parametrize("redirect_uri", ["", "http://127.0.0.1:8000/elsewhere"])
def test_a_refresh_need_not_say_where_the_code_was_sent(server: GitServer, redirect_uri: str) -> None:
    pair = sign_in(server)

    answer = refresh(server, pair["refresh_token"], redirect_uri=redirect_uri)

    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != pair["refresh_token"]


def test_the_client_may_come_by_basic(server: GitServer) -> None:
    pair = sign_in(server)
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], "redirect_uri": REDIRECT_URI}

    answer = server.sandbox.http.post("/gitlab/oauth/token", data=form, auth=("sandbox-gitlab", "sandbox-gitlab-secret"))

    assert answer.status_code == 200


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_either_token_revokes_the_pair(server: GitServer, which: str) -> None:
    pair = sign_in(server)

    answer = server.sandbox.http.post("/gitlab/oauth/revoke", data={**server.client, "token": pair[which]})

    assert (answer.status_code, answer.json()) == (200, {})
    assert read_user(server, pair["access_token"]).status_code == 401
    assert refresh(server, pair["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_unknown_token_is_as_good_as_revoked(server: GitServer) -> None:
    answer = server.sandbox.http.post("/gitlab/oauth/revoke", data={**server.client, "token": "made-up"})

    assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.parametrize("client", [{}, {"client_id": "sandbox-gitlab", "client_secret": "wrong"}, {"client_id": "other"}])
def test_another_client_may_not_revoke(server: GitServer, client: dict[str, str]) -> None:
    pair = sign_in(server)

    answer = server.sandbox.http.post("/gitlab/oauth/revoke", data={**client, "token": pair["access_token"]})

    assert (answer.status_code, answer.json()["error"]) == (403, "unauthorized_client")
    assert read_user(server, pair["access_token"]).status_code == 200


def test_a_token_can_be_asked_about(server: GitServer) -> None:
    pair = sign_in(server, "grace")
    server.sandbox.clock.advance(timedelta(seconds=200))

    assert show_token(server, pair["access_token"]).json() == {
        "resource_owner_id": 2,
        "scope": ["api"],
        "expires_in": 7000,
        "application": {"uid": "sandbox-gitlab"},
        "created_at": pair["created_at"],
        "scopes": ["api"],
        "expires_in_seconds": 7000,
    }
    assert show_token(server, "made-up").status_code == 401


def test_tokens_expire_on_order_and_can_be_refreshed(server: GitServer) -> None:
    adas, graces = sign_in(server), sign_in(server, "grace")

    changed = server.fault("expire_tokens", user="ada").json()["changed"]

    assert changed == 1
    assert read_user(server, adas["access_token"]).status_code == 401
    assert read_user(server, graces["access_token"]).status_code == 200
    assert refresh(server, adas["refresh_token"]).status_code == 200


def test_tokens_can_be_revoked_just_before_a_refresh(server: GitServer) -> None:
    pair = sign_in(server)
    server.fault("revoke_token", endpoint="oauth/token")

    assert read_user(server, pair["access_token"]).status_code == 200
    assert refresh(server, pair["refresh_token"]).json()["error"] == "invalid_grant"
    assert read_user(server, pair["access_token"]).status_code == 401


def test_a_refresh_whose_answer_is_lost_leaves_its_new_pair_behind(server: GitServer) -> None:
    pair = sign_in(server)
    server.fault("reset", endpoint="oauth/token", when="midway")

    with pytest.raises(httpx2.TransportError):
        refresh(server, pair["refresh_token"])

    assert [each["is_revoked"] for each in server.sandbox.state()["grants"]] == [True, False]
    assert refresh(server, pair["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_renewed_secret_refuses_the_old_one_and_keeps_the_grants(server: GitServer) -> None:
    pair = sign_in(server)

    server.change("renew_secret", secret="another")

    assert refresh(server, pair["refresh_token"]).json()["error"] == "invalid_client"
    assert read_user(server, pair["access_token"]).status_code == 200
    assert refresh(server, pair["refresh_token"], client_secret="another").status_code == 200
