"""GitHub's stand-in, as PyGithub sees it."""

from datetime import timedelta

import httpx2
import pytest
from github import BadCredentialsException, GithubException, RateLimitExceededException, UnknownObjectException

from tests.sandbox.git_sign_ins import GitServer, as_github_user, github_server, github_with
from tests.sandbox.running import Sandbox


@pytest.fixture
def server(sandbox: Sandbox) -> GitServer:
    return github_server(sandbox)


def test_the_token_says_whose_it_is_and_for_what(server: GitServer) -> None:
    github = as_github_user(server)

    user = github.get_user()

    assert (user.login, user.id, user.name, user.email) == ("ada", 1, "Ada Lovelace", "ada@sandbox.example")
    assert sorted(github.oauth_scopes or []) == ["read:org", "read:user", "repo"]
    assert user.raw_headers["x-github-enterprise-version"] == "3.19.1"
    assert user.raw_headers["x-github-request-id"]


def test_organizations_are_those_that_one_is_in(server: GitServer) -> None:
    assert [each.login for each in as_github_user(server).get_user().get_orgs()] == ["acme", "acme-platform"]
    assert [each.login for each in as_github_user(server, "grace").get_user().get_orgs()] == ["acme", "globex"]


def test_organizations_need_a_scope(server: GitServer) -> None:
    github = as_github_user(server, scope="repo")

    with pytest.raises(GithubException) as refused:
        list(github.get_user().get_orgs())

    assert refused.value.status == 403


def test_each_sees_their_own_repositories(server: GitServer) -> None:
    ada, grace = as_github_user(server), as_github_user(server, "grace")

    adas = [each.full_name for each in ada.get_user().get_repos()]
    graces = [each.full_name for each in grace.get_user().get_repos()]

    assert adas == [
        "acme-platform/gateway",
        "acme/docs.site",
        "acme/empty",
        "acme/many-branches",
        "acme/payments-api",
        "ada/notes",
    ]
    assert len(graces) == 266
    assert "globex/secret-plans" in graces
    assert "acme-platform/gateway" not in graces
    with pytest.raises(UnknownObjectException):
        ada.get_repo("globex/secret-plans")


def test_a_token_without_repo_opens_nothing_that_is_private(server: GitServer) -> None:
    github = as_github_user(server, scope="read:user")

    assert [each.full_name for each in github.get_user().get_repos()] == ["acme/docs.site"]
    with pytest.raises(UnknownObjectException):
        github.get_repo("acme/payments-api")
    assert github.get_repo("edsger/hello_world").private is False


@pytest.mark.parametrize(
    ("affiliation", "names"),
    [
        ("owner", ["ada/notes"]),
        ("organization_member", ["acme-platform/gateway", "acme/docs.site", "acme/empty"]),
        ("collaborator", []),
    ],
)
def test_repositories_are_filtered_by_affiliation(server: GitServer, affiliation: str, names: list[str]) -> None:
    repositories = as_github_user(server).get_user().get_repos(affiliation=affiliation)

    assert [each.full_name for each in repositories][:3] == names


def test_a_collaborator_is_one(server: GitServer) -> None:
    repositories = as_github_user(server, "grace").get_user().get_repos(affiliation="collaborator")

    assert [each.full_name for each in repositories] == ["ada/notes"]
    assert repositories[0].permissions.push is False
    assert repositories[0].permissions.pull is True


def test_repositories_can_be_sorted(server: GitServer) -> None:
    repositories = as_github_user(server, "grace").get_user().get_repos(sort="created", direction="desc")

    assert [repositories[0].name, repositories[1].name] == ["service-260", "service-259"]


def test_pages_are_linked_to_each_other_to_the_end(server: GitServer) -> None:
    token = server.token("grace")
    address: httpx2.URL | None = httpx2.URL(f"{server.url}/api/v3/user/repos?per_page=100&sort=full_name")
    headers = {"Authorization": f"Bearer {token}"}

    seen, relations = [], []
    while address is not None:
        answer = server.sandbox.http.get(address, headers=headers)
        seen += [each["id"] for each in answer.json()]
        relations.append(set(answer.links))
        address = httpx2.URL(str(answer.links["next"]["url"])) if "next" in answer.links else None

    assert len(seen) == len(set(seen)) == 266
    assert relations == [{"last", "next"}, {"first", "last", "next", "prev"}, {"first", "prev"}]


def test_a_page_holds_a_hundred_at_most(server: GitServer) -> None:
    headers = {"Authorization": f"token {server.token('grace')}"}

    answer = server.sandbox.http.get("/github/api/v3/user/repos?per_page=500", headers=headers)

    assert len(answer.json()) == 100


def test_search_finds_by_name_and_owner(server: GitServer) -> None:
    github = as_github_user(server, "grace")

    services = github.search_repositories("service- user:grace in:name")
    paid = github.search_repositories("PAY org:acme")

    assert services.totalCount == 260
    assert len(list(services)) == 260
    assert [each.full_name for each in paid] == ["acme/payments-api"]
    assert list(github.search_repositories("gateway")) == []


def test_a_search_where_nobody_is_is_refused(server: GitServer) -> None:
    with pytest.raises(GithubException) as refused:
        _ = as_github_user(server).search_repositories("user:nobody-at-all").totalCount

    assert refused.value.status == 422


@pytest.mark.parametrize("query", ["q=", "q=service&per_page=100&page=11"])
def test_a_search_for_nothing_or_too_far_is_refused(server: GitServer, query: str) -> None:
    headers = {"Authorization": f"Bearer {server.token()}"}

    assert server.sandbox.http.get(f"/github/api/v3/search/repositories?{query}", headers=headers).status_code == 422


def test_a_repository_shows_what_is_true_of_it(server: GitServer) -> None:
    github = as_github_user(server)

    repository, empty = github.get_repo("acme/payments-api"), github.get_repo("acme/empty")

    assert (repository.default_branch, repository.private, repository.owner.login) == ("main", True, "acme")
    assert repository.html_url == f"{server.url}/acme/payments-api"
    assert github.get_repo("acme/docs.site").default_branch == "trunk"
    assert (empty.default_branch, empty.size, list(empty.get_branches())) == ("main", 0, [])


def test_branches_are_read_to_the_last(server: GitServer) -> None:
    github = as_github_user(server)

    names = [each.name for each in github.get_repo("acme/many-branches").get_branches()]

    assert len(names) == 265
    assert names == sorted(names)
    assert {each.name for each in github.get_repo("acme/payments-api").get_branches() if each.protected} == {"main"}


@pytest.mark.parametrize("name", ["main", "feature/a/b", "fix/ümläut #1"])
def test_a_branch_is_found_by_its_name(server: GitServer, name: str) -> None:
    repository = as_github_user(server).get_repo("acme/payments-api")

    branch = repository.get_branch(name)

    assert branch.name == name
    assert branch.commit.sha == repository.get_commit(name).sha
    assert branch.commit.commit.tree.sha == repository.get_git_tree(name).sha


def test_a_branch_that_is_not_there_is_not_found(server: GitServer) -> None:
    with pytest.raises(UnknownObjectException) as refused:
        as_github_user(server).get_repo("acme/payments-api").get_branch("feature/a")

    assert refused.value.data["message"] == "Branch not found"


def test_branches_are_searched_by_what_they_begin_with(server: GitServer) -> None:
    repository = as_github_user(server).get_repo("acme/many-branches")

    assert [each.ref for each in repository.get_git_matching_refs("heads/topic/00")] == [
        f"refs/heads/topic/00{number}" for number in range(1, 10)
    ]
    assert list(repository.get_git_matching_refs("heads/nothing")) == []


def test_a_token_that_is_none_is_refused(server: GitServer) -> None:
    answer = server.sandbox.http.get("/github/api/v3/user", headers={"Authorization": "Bearer gho_made-up"})

    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")
    assert answer.headers["x-github-enterprise-version"] == "3.19.1"


def test_without_a_token_there_is_only_the_version(server: GitServer) -> None:
    meta = server.sandbox.http.get("/github/api/v3/meta")
    user = server.sandbox.http.get("/github/api/v3/user")

    assert meta.json()["installed_version"] == "3.19.1"
    assert user.status_code == 401


@pytest.mark.parametrize("fault", ["revoke_token", "uninstall_app"])
def test_tokens_of_one_person_can_be_revoked(server: GitServer, fault: str) -> None:
    ada, grace = as_github_user(server), as_github_user(server, "grace")

    changed = server.fault(fault, user="ada").json()["changed"]

    assert changed == 1
    with pytest.raises(BadCredentialsException):
        _ = ada.get_user().login
    assert grace.get_user().login == "grace"


def test_tokens_do_not_expire(server: GitServer) -> None:
    github = as_github_user(server)

    changed = server.fault("expire_tokens").json()["changed"]
    server.sandbox.clock.advance(timedelta(days=365))

    assert changed == 0
    assert github.get_user().login == "ada"


@pytest.mark.parametrize(("status", "header"), [(403, "X-RateLimit-Reset"), (429, "Retry-After")])
def test_both_rate_limits_can_be_met(server: GitServer, status: int, header: str) -> None:
    github = as_github_user(server)
    server.fault("rate_limit", retry_after=7, status=status)
    server.fault("rate_limit", retry_after=7, status=status)

    with pytest.raises(RateLimitExceededException if status == 403 else GithubException) as refused:
        github.get_user().get_repos().get_page(0)
    answer = server.sandbox.http.get("/github/api/v3/user")

    assert refused.value.status == answer.status_code == status
    now = int(server.sandbox.clock.now().timestamp())
    assert answer.headers[header] == (str(now + 7) if status == 403 else "7")


def test_requests_are_counted(server: GitServer) -> None:
    github = as_github_user(server)
    _ = github.get_user().login

    rates = github.get_rate_limit()

    assert (rates.resources.core.limit, rates.resources.core.remaining) == (15_000, 14_998)


def test_a_failure_is_told_in_its_own_words(server: GitServer) -> None:
    github = as_github_user(server)
    server.fault("status", status=502, endpoint="user")

    with pytest.raises(GithubException) as refused:
        _ = github.get_user().login

    assert (refused.value.status, refused.value.data["message"]) == (502, "Server Error")


def test_a_request_is_shown_with_who_sent_it(server: GitServer) -> None:
    token = server.token("grace")
    _ = github_with(server, token).get_user().login

    requests = server.sandbox.state()["requests"]

    assert [(each["method"], each["path"], each["status"], each["caller"]) for each in requests] == [
        ("POST", "/github/login/oauth/authorize", 302, None),
        ("POST", "/github/login/oauth/access_token", 200, "sandbox-github"),
        ("GET", "/github/api/v3/user", 200, f"grace …{token[-4:]}"),
    ]
