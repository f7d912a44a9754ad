from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qsl

import httpx2
import pytest
from github import BadCredentialsException

from tests.sandbox.git_sign_ins import PKCE, REDIRECT_URI, VERIFIER, GitServer, github_server, github_with
from tests.sandbox.running import Sandbox, query_of


@pytest.fixture
def server(sandbox: Sandbox) -> GitServer:
    return github_server(sandbox)


class Form(HTMLParser):
    """The consent page's form, as a browser would see it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.users: list[str] = []
        self.decisions: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "input":
                self.hidden[given["name"]] = given["value"]
            case "option":
                self.users.append(given["value"])
            case "button":
                self.decisions.append(given["value"])


def about_token(server: GitServer, method: str, what: str, token: str, *, as_app: bool = True) -> httpx2.Response:
    return server.sandbox.http.request(
        method,
        f"/github/api/v3/applications/sandbox-github/{what}",
        json={"access_token": token},
        auth=("sandbox-github", "sandbox-github-secret" if as_app else "wrong"),
    )


def is_good(server: GitServer, token: str) -> bool:
    return server.sandbox.http.get("/github/api/v3/user", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_consent_page_is_one_form_that_can_be_answered(server: GitServer) -> None:
    page = server.sandbox.http.get(server.ask(login="grace"))
    form = Form(page.text)

    answer = server.sandbox.http.post(
        "/github/login/oauth/authorize", data={**form.hidden, "user": form.users[1], "decision": "approve"}
    )

    assert page.status_code == 200
    assert form.users == ["ada", "grace", "edsger"]
    assert sorted(form.decisions) == ["approve", "deny"]
    assert '<option value="grace" selected>' in page.text
    assert "form-action 'self' http://127.0.0.1:8000" in page.headers["content-security-policy"]
    assert answer.headers["location"].startswith(f"{REDIRECT_URI}?code=")
    assert query_of(answer)["state"] == "the-state"


def test_a_refusal_goes_back_with_the_state_and_grants_nothing(server: GitServer) -> None:
    answer = query_of(server.decide(decision="deny"))

    assert (answer["error"], answer["state"]) == ("access_denied", "the-state")
    assert "error_description" in answer
    assert server.sandbox.state()["grants"] == []


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "somebody-else"}, "Not Found"),
        ({"redirect_uri": "https://evil.example/callback"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://[::1/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri_mismatch"),
    ],
)
def test_a_wrong_request_ends_on_an_error_page(server: GitServer, changed: dict[str, str], error: str) -> None:
    answer = server.decide(**changed)

    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert f"<code>{error}</code>" in answer.text
    assert ("sends browsers back to this machine alone" in answer.text) == ("redirect_uri" in changed)


@pytest.mark.parametrize(
    "redirect_uri", ["https://localhost:8443/callback", "http://127.0.0.1:8000/a?b=c", "http://[::1]:8000/callback"]
)
def test_any_address_of_this_machine_is_one_to_go_back_to(server: GitServer, redirect_uri: str) -> None:
    code = query_of(server.decide(redirect_uri=redirect_uri))["code"]

    assert "access_token" in server.exchange(code, redirect_uri=redirect_uri).json()


@pytest.mark.parametrize(("user", "decision"), [("nobody", "approve"), ("ada", "perhaps")])
def test_an_answer_that_is_none_ends_on_an_error_page(server: GitServer, user: str, decision: str) -> None:
    assert server.decide(user, decision).status_code == 400


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_only_its_own_page_can_post_the_form(server: GitServer, origin: str) -> None:
    form = {"user": "ada", "decision": "approve"}

    answer = server.sandbox.http.post(server.ask(), data=form, headers={"Origin": origin})

    assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_a_code_is_exchanged_for_a_token_as_json_or_as_a_form(server: GitServer) -> None:
    as_json = server.exchange(server.code())
    form = {**server.client, "code": server.code(), "redirect_uri": REDIRECT_URI}
    as_form = server.sandbox.http.post("/github/login/oauth/access_token", data=form)

    read = dict(parse_qsl(as_form.text))
    assert (as_json.status_code, as_form.status_code) == (200, 200)
    assert as_json.json()["access_token"].startswith("gho_")
    assert as_json.json().keys() == read.keys() == {"access_token", "scope", "token_type"}
    assert read["scope"] == as_json.json()["scope"] == "read:org,read:user,repo"
    assert as_form.headers["content-type"].startswith("application/x-www-form-urlencoded")


def test_an_app_need_not_say_where_it_is_sent_back_to(server: GitServer) -> None:
    answer = server.decide(redirect_uri="")

    assert answer.headers["location"].startswith("http://127.0.0.1:8000/callback?")
    assert "access_token" in server.exchange(query_of(answer)["code"], redirect_uri="").json()


def test_nor_where_it_was_sent_back_to(server: GitServer) -> None:
    assert "access_token" in server.exchange(server.code(), redirect_uri="").json()


def test_less_can_be_granted_than_was_asked(server: GitServer) -> None:
    answer = server.sandbox.http.post(server.ask(), data={"user": "ada", "decision": "approve", "scope": "read:user"})

    assert server.exchange(query_of(answer)["code"]).json()["scope"] == "read:user"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "somebody-else"}, "incorrect_client_credentials"),
        ({"client_secret": "wrong"}, "incorrect_client_credentials"),
        ({"code": "made-up"}, "bad_verification_code"),
        ({"redirect_uri": "http://127.0.0.1:8000/elsewhere"}, "redirect_uri_mismatch"),
        ({"code_verifier": VERIFIER}, "bad_verification_code"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_exchange_is_refused_with_200_and_grants_nothing(server: GitServer, changed: dict[str, str], error: str) -> None:
    answer = server.exchange(**({"code": server.code()} | changed))

    assert (answer.status_code, answer.json()["error"]) == (200, error)
    assert answer.json().keys() == {"error", "error_description", "error_uri"}
    assert server.sandbox.state()["grants"] == []


def test_a_code_is_good_once(server: GitServer) -> None:
    code = server.code()
    server.exchange(code)

    assert server.exchange(code).json()["error"] == "bad_verification_code"


@pytest.mark.parametrize(("age", "good"), [(timedelta(seconds=599), True), (timedelta(minutes=10), False)])
def test_a_code_is_good_for_ten_minutes(server: GitServer, age: timedelta, *, good: bool) -> None:
    code = server.code()
    server.sandbox.clock.advance(age)

    assert ("access_token" in server.exchange(code).json()) is good


def test_a_challenge_is_proved_by_its_verifier_alone(server: GitServer) -> None:
    code = server.code(**PKCE)

    assert server.exchange(code).json()["error"] == "bad_verification_code"
    assert server.exchange(code, code_verifier="x" * 43).json()["error"] == "bad_verification_code"
    assert "access_token" in server.exchange(code, code_verifier=VERIFIER).json()


def test_a_challenge_of_another_method_goes_back_as_an_error(server: GitServer) -> None:
    assert query_of(server.decide(code_challenge="abc", code_challenge_method="plain"))["error"] == "invalid_request"


def test_of_eleven_tokens_the_oldest_ends(server: GitServer) -> None:
    other_scope, other_user = server.token(scope="repo"), server.token("grace")

    tokens = [server.token() for _ in range(11)]

    assert [is_good(server, each) for each in tokens] == [False] + [True] * 10
    assert is_good(server, other_scope)
    assert is_good(server, other_user)


def test_the_app_can_check_its_tokens(server: GitServer) -> None:
    token = server.token()

    good, bad = about_token(server, "POST", "token", token), about_token(server, "POST", "token", "gho_made-up")

    assert good.status_code == 200
    assert (good.json()["user"]["login"], good.json()["scopes"]) == ("ada", ["read:org", "read:user", "repo"])
    assert (bad.status_code, bad.json()["message"]) == (404, "Not Found")


def test_deleting_a_token_ends_that_one(server: GitServer) -> None:
    gone, left = server.token(), server.token()

    answer = about_token(server, "DELETE", "token", gone)

    assert (answer.status_code, answer.content) == (204, b"")
    assert is_good(server, left)
    with pytest.raises(BadCredentialsException):
        _ = github_with(server, gone).get_user().login
    assert about_token(server, "DELETE", "token", gone).status_code == 404


def test_deleting_the_grant_ends_all_of_that_person(server: GitServer) -> None:
    first, second, graces = server.token(), server.token(), server.token("grace")

    assert about_token(server, "DELETE", "grant", first).status_code == 204

    assert [is_good(server, each) for each in (first, second, graces)] == [False, False, True]


@pytest.mark.parametrize(("method", "what"), [("POST", "token"), ("DELETE", "token"), ("DELETE", "grant")])
def test_only_the_app_itself_may_ask_about_tokens(server: GitServer, method: str, what: str) -> None:
    token = server.token()

    wrong = about_token(server, method, what, token, as_app=False)
    nobody = server.sandbox.http.request(
        method, f"/github/api/v3/applications/sandbox-github/{what}", json={"access_token": token}
    )
    nothing = server.sandbox.http.request(
        method,
        f"/github/api/v3/applications/sandbox-github/{what}",
        json={},
        auth=("sandbox-github", "sandbox-github-secret"),
    )

    assert (wrong.status_code, nobody.status_code, nothing.status_code) == (401, 401, 422)
    assert is_good(server, token)


def test_a_renewed_secret_refuses_the_old_one_and_keeps_the_grants(server: GitServer) -> None:
    token, code = server.token(), server.code()

    server.change("renew_secret", secret="another")

    assert server.exchange(code).json()["error"] == "incorrect_client_credentials"
    assert is_good(server, token)
    assert "access_token" in server.exchange(code, client_secret="another").json()
