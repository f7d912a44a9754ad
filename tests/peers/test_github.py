from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from tests.peers.github import GitHubRest, Prism, serve_github_rest


@pytest.fixture
def unchecked(prism: Prism) -> Iterator[GitHubRest]:
    """The same peer, for tests that look at the faults themselves."""
    with serve_github_rest(prism) as peer:
        yield peer


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, auth=("client", "secret")) as client:
        yield client


async def test_calls_that_github_describes_pass(github_rest: GitHubRest, http: httpx2.AsyncClient) -> None:
    api = f"{github_rest.url}/api/v3"

    answers = [
        await http.get(f"{api}/user", headers={"Accept": "application/vnd.github+json"}),
        await http.get(f"{api}/meta"),
        await http.get(f"{api}/repos/octo/hello/contents/docs/openapi.yaml", params={"ref": "main"}),
        await http.request("DELETE", f"{api}/applications/client/token", json={"access_token": "gho_x"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 204]
    assert answers[0].json()["login"] == "octocat"
    assert {answer.headers["x-github-enterprise-version"] for answer in answers} == {"3.19.0"}


async def test_what_was_asked_is_kept_as_it_came(github_rest: GitHubRest, http: httpx2.AsyncClient) -> None:
    await http.get(f"{github_rest.url}/api/v3/repos/octo/hello/contents/docs/a%20b.yaml?ref=feature%2Fone")

    asked = github_rest.exchanges[0]
    assert (asked.method, asked.path, asked.query) == ("GET", "/repos/octo/hello/contents/docs/a%20b.yaml", "ref=feature%2Fone")
    assert asked.headers["authorization"].startswith("Basic ")
    assert (asked.status, asked.faults) == (200, ())


async def test_a_list_has_a_second_page_on_the_same_server_and_no_third(
    github_rest: GitHubRest, http: httpx2.AsyncClient
) -> None:
    first = await http.get(f"{github_rest.url}/api/v3/user/repos?per_page=100")
    second = await http.get(first.links["next"]["url"])

    assert first.links["next"]["url"] == f"{github_rest.url}/api/v3/user/repos?per_page=100&page=2"
    assert (second.status_code, second.links) == (200, {})


@pytest.mark.parametrize(
    ("call", "body", "fault"),
    [
        ("GET /user/repos?per_page=abc", None, "Request query parameter per_page must be integer"),
        ("GET /user/repos?per_pge=100", None, "query parameter per_pge is not described"),
        ("DELETE /applications/client/token", {}, "Request body must have required property 'access_token'"),
        ("DELETE /applications/client/token", {"access_token": "x", "client_id": "y"}, "field client_id is not described"),
        ("PUT /repos/o/r/contents/a/b", {"message": "m"}, "Request body must have required property 'content'"),
        ("GET /users/octo/nothing", None, "NO_PATH_MATCHED_ERROR"),
        ("GET /applications/client/grant", None, "NO_METHOD_MATCHED_ERROR"),
    ],
)
async def test_a_call_that_github_does_not_describe_is_caught(
    unchecked: GitHubRest, http: httpx2.AsyncClient, call: str, body: dict[str, str] | None, fault: str
) -> None:
    method, path = call.split()

    await http.request(method, f"{unchecked.url}/api/v3{path}", json=body)

    faults = unchecked.faults()
    assert len(faults) == 1
    assert fault in faults[0]


async def test_what_is_not_the_api_is_answered_by_the_test(github_rest: GitHubRest, http: httpx2.AsyncClient) -> None:
    github_rest.elsewhere = PlainTextResponse("a page to sign in")

    answer = await http.get(f"{github_rest.url}/login/oauth/authorize")

    assert answer.text == "a page to sign in"
    assert github_rest.exchanges == []
