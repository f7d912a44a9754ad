"""Every call of ours to GitHub's REST API, held against GitHub's own description of it."""

from collections.abc import AsyncIterator

import pytest
from starlette.responses import JSONResponse

from app.outbound import Outbound
from app.providers.contract import Alive, Failure, Identity, Tokens
from app.providers.github import provider as github
from app.providers.hosting import BranchPage, EntryPage, Repository, RepositoryPage, Server
from app.sealing.secret import Secret
from tests.peers.github import GitHubRest
from tests.providers.git_doors import authorized_at, client_at, door_to_url, origin_at
from tests.providers.slack.steps import NOW

REPOSITORY = "octocat/Hello-World"
OCTOCAT = Identity(account_id="1", account_name="octocat", url="https://github.com/octocat")


@pytest.fixture
async def outbound(github_rest: GitHubRest) -> AsyncIterator[Outbound]:
    async with door_to_url(github_rest.url) as opened:
        yield opened


def paths(peer: GitHubRest) -> list[str]:
    return [f"{one.method} {one.path}{'?' if one.query else ''}{one.query}" for one in peer.exchanges]


async def test_a_sign_in_asks_who_it_is(github_rest: GitHubRest, outbound: Outbound) -> None:
    github_rest.elsewhere = JSONResponse({"access_token": "gho_x", "scope": "repo,user", "token_type": "bearer"})
    client = client_at(github_rest.url, id="client", secret="shh")

    signed_in = await github.exchange(
        client=client, code=Secret("c"), verifier=Secret("v"), redirect_uri="https://a.example/", now=NOW, outbound=outbound
    )
    given_back = await github.revoke(client=client, access=Secret("gho_x"), outbound=outbound)

    assert isinstance(signed_in, tuple)
    tokens, identity = signed_in
    assert isinstance(tokens, Tokens)
    assert (tokens.access.reveal(), tokens.refresh, tokens.expires_at, tokens.scopes) == ("gho_x", None, None, ("repo", "user"))
    assert identity == OCTOCAT
    assert given_back is None
    assert paths(github_rest) == ["GET /user", "DELETE /applications/client/token"]
    assert github_rest.exchanges[1].body == b'{"access_token":"gho_x"}'
    assert github_rest.exchanges[1].headers["authorization"].startswith("Basic ")


async def test_a_check_reads_the_account_and_its_scopes(github_rest: GitHubRest, outbound: Outbound) -> None:
    alive = await github.check(authorized=authorized_at(github_rest.url, "gho_x"), outbound=outbound)

    assert alive == Alive(OCTOCAT, scopes=("repo", "read:org", "user"))


async def test_the_server_is_known_by_its_version(github_rest: GitHubRest, outbound: Outbound) -> None:
    found = await github.HOSTING.find_server(
        base_url=github_rest.url, origin=origin_at(github_rest.url), certificates=None, outbound=outbound
    )

    assert found == Server("3.19.0")
    assert "authorization" not in github_rest.exchanges[0].headers


async def test_repositories_are_listed_searched_and_found(github_rest: GitHubRest, outbound: Outbound) -> None:
    authorized = authorized_at(github_rest.url, "gho_x")

    async def turn(search: str | None, cursor: str | None) -> RepositoryPage:
        page = await github.HOSTING.list_repositories(
            authorized=authorized, search=search, cursor=cursor, limit=20, outbound=outbound
        )
        assert isinstance(page, RepositoryPage), page
        return page

    first = await turn(None, None)
    second = await turn(None, first.next_cursor)
    found = await turn('a "b" in:file', None)
    one = await github.HOSTING.find_repository(authorized=authorized, repository_id=REPOSITORY, outbound=outbound)

    assert one == Repository(
        id=REPOSITORY,
        owner="octocat",
        name="Hello-World",
        full_name=REPOSITORY,
        web_url="https://github.com/octocat/Hello-World",
        default_branch="master",
    )
    assert second.next_cursor is None
    assert found.repositories[0].full_name == "dtrupenn/Tetris"
    assert paths(github_rest) == [
        "GET /user/repos?per_page=20&sort=full_name",
        "GET /user/repos?per_page=20&page=2&sort=full_name",
        "GET /search/repositories?per_page=20&q=%22a+b+in+file%22+in%3Aname+fork%3Atrue",
        "GET /repos/octocat/Hello-World",
    ]


async def test_branches_are_listed_searched_and_found(github_rest: GitHubRest, outbound: Outbound) -> None:
    authorized = authorized_at(github_rest.url, "gho_x")

    async def turn(search: str | None, cursor: str | None) -> BranchPage:
        page = await github.HOSTING.list_branches(
            authorized=authorized,
            repository_id=REPOSITORY,
            default_branch="master",
            search=search,
            cursor=cursor,
            limit=20,
            outbound=outbound,
        )
        assert isinstance(page, BranchPage), page
        return page

    first = await turn(None, None)
    second = await turn(None, first.next_cursor)
    below = await turn("feature/a", None)
    found = await turn("feature-", None)
    await github.HOSTING.find_branch(
        authorized=authorized, repository_id=REPOSITORY, name="feature/a b", default_branch="master", outbound=outbound
    )
    await github.HOSTING.find_branch(
        authorized=authorized, repository_id=REPOSITORY, name="feature/#1", default_branch="master", outbound=outbound
    )

    assert second.next_cursor is None
    assert below.branches == ()
    assert [branch.name for branch in found.branches] == ["feature-a", "feature-b"]
    assert paths(github_rest) == [
        "GET /repos/octocat/Hello-World/branches?per_page=20",
        "GET /repos/octocat/Hello-World/branches?per_page=20&page=2",
        "GET /repos/octocat/Hello-World/git/matching-refs/heads/feature/a",
        "GET /repos/octocat/Hello-World/git/matching-refs/heads/feature-",
        "GET /repos/octocat/Hello-World/branches?protected=true&per_page=100",
        "GET /repos/octocat/Hello-World/branches/feature%2F%231",
    ]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "git/trees/feature%2Fone"),
        ("docs", "contents/docs?ref=feature%2Fone"),
        ("docs/How to pay #1", "contents/docs/How%20to%20pay%20%231?ref=feature%2Fone"),
    ],
)
async def test_directories_are_listed(github_rest: GitHubRest, outbound: Outbound, path: str, asked: str) -> None:
    page = await github.HOSTING.list_entries(
        authorized=authorized_at(github_rest.url, "gho_x"),
        repository_id=REPOSITORY,
        ref="feature/one",
        path=path,
        cursor=None,
        limit=20,
        outbound=outbound,
    )

    assert isinstance(page, EntryPage | Failure)
    assert paths(github_rest) == [f"GET /repos/octocat/Hello-World/{asked}"]


async def test_files_are_read_at_the_head_of_the_branch(github_rest: GitHubRest, outbound: Outbound) -> None:
    await github.HOSTING.read_file(
        authorized=authorized_at(github_rest.url, "gho_x"),
        repository_id=REPOSITORY,
        ref="feature/one",
        path="docs/a b.yaml",
        outbound=outbound,
    )

    assert paths(github_rest) == [
        "GET /repos/octocat/Hello-World/commits/feature%2Fone?per_page=1",
        "GET /repos/octocat/Hello-World/contents/docs/a%20b.yaml?ref=6dcb09b5b57875f334f61aebed695e2e4193db5e",
    ]
