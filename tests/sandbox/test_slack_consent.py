from html.parser import HTMLParser

import httpx2
import pytest

from tests.sandbox.running import REDIRECT_URI, Sandbox, query_of


class Form(HTMLParser):
    """The consent page's form, as a browser would see it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.workspaces: list[str] = []
        self.decisions: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if tag == "input":
            self.hidden[given["name"]] = given["value"]
        if tag == "option":
            self.workspaces.append(given["value"])
        if tag == "button":
            self.decisions.append(given["value"])


def test_the_consent_page_is_one_form_that_can_be_answered(sandbox: Sandbox) -> None:
    page = sandbox.http.get(sandbox.authorize_url())
    form = Form(page.text)

    answer = sandbox.http.post(
        "/slack/oauth/v2/authorize", data={**form.hidden, "workspace": form.workspaces[1], "decision": "approve"}
    )

    assert page.status_code == 200
    assert form.workspaces == ["T0ACME001", "T0GLOBEX002", "T0INITECH003"]
    assert sorted(form.decisions) == ["approve", "deny"]
    assert answer.headers["location"].startswith(f"{REDIRECT_URI}?code=")
    assert query_of(answer)["state"] == "the-state"


def test_the_page_runs_no_script_and_lets_its_form_go_nowhere_but_back(sandbox: Sandbox) -> None:
    page = sandbox.http.get(sandbox.authorize_url())

    assert page.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self' http://127.0.0.1:8000"
    )
    assert "script" not in Form(page.text).tags
    assert "this is not Slack" in page.text


def test_what_the_request_says_stands_escaped_on_the_page(sandbox: Sandbox) -> None:
    state = '"><script>alert(1)</script>'
    url = httpx2.URL(sandbox.authorize_url()).copy_merge_params({"state": state, "scope": "<b>"})

    form = Form(sandbox.http.get(url).text)

    assert "script" not in form.tags
    assert form.hidden["state"] == state


def test_the_workspace_that_the_app_names_is_chosen_at_first(sandbox: Sandbox) -> None:
    page = sandbox.http.get(sandbox.authorize_url() + "&team=T0INITECH003")

    assert '<option value="T0INITECH003" selected>Initech</option>' in page.text


def test_a_refusal_goes_back_with_the_state_and_grants_nothing(sandbox: Sandbox) -> None:
    answer = sandbox.http.post(sandbox.authorize_url(), data={"workspace": "Acme", "decision": "deny"})

    assert query_of(answer) == {"error": "access_denied", "state": "the-state"}
    assert sandbox.state()["grants"] == []


def test_a_query_of_the_redirect_uri_is_kept(sandbox: Sandbox) -> None:
    url = httpx2.URL(sandbox.authorize_url()).copy_merge_params({"redirect_uri": "http://127.0.0.1:8000/back?to=us"})

    answer = sandbox.http.post(url, data={"workspace": "Acme", "decision": "deny"})

    assert answer.headers["location"] == "http://127.0.0.1:8000/back?to=us&error=access_denied&state=the-state"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "somebody-else"}, "invalid_client_id"),
        ({"redirect_uri": ""}, "bad_redirect_uri"),
        ({"redirect_uri": "javascript:alert(1)"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://evil.example;script-src *"}, "bad_redirect_uri"),
        ({"scope": ""}, "no_scopes"),
        ({"code_challenge": "abc", "code_challenge_method": "plain"}, "invalid_code_challenge_method"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_request_ends_on_an_error_page_without_a_redirect(
    sandbox: Sandbox, changed: dict[str, str], error: str, method: str
) -> None:
    url = httpx2.URL(sandbox.authorize_url()).copy_merge_params(changed)
    form = {"workspace": "Acme", "decision": "approve"}

    answer = sandbox.http.request(method, url, data=form if method == "POST" else None)

    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert f"<code>{error}</code>" in answer.text


@pytest.mark.parametrize("form", [{"workspace": "Nowhere", "decision": "approve"}, {"workspace": "Acme"}])
def test_an_answer_that_is_none_ends_on_an_error_page(sandbox: Sandbox, form: dict[str, str]) -> None:
    answer = sandbox.http.post(sandbox.authorize_url(), data=form)

    assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 400), ("null", 400), ("own", 302)])
def test_only_its_own_page_can_post_the_form(sandbox: Sandbox, origin: str, status: int) -> None:
    headers = {"Origin": sandbox.url if origin == "own" else origin}

    answer = sandbox.http.post(sandbox.authorize_url(), data={"workspace": "Acme", "decision": "approve"}, headers=headers)

    assert answer.status_code == status
