"""Directories, files and trees of GitHub's stand-in, as PyGithub sees them."""

import base64

import pytest
from github import GithubException

from tests.sandbox.git_sign_ins import GitServer, as_github_user, github_server
from tests.sandbox.running import Sandbox


@pytest.fixture
def server(sandbox: Sandbox) -> GitServer:
    return github_server(sandbox)


def test_a_directory_lists_what_is_in_it(server: GitServer) -> None:
    repository = as_github_user(server).get_repo("acme/payments-api")

    root = repository.get_contents("")
    collections = repository.get_contents("postman/collections", ref="feature/a/b")

    assert isinstance(root, list)
    assert {each.path: each.type for each in root} == {
        ".gitattributes": "file",
        "README.md": "file",
        "assets": "dir",
        "current.yaml": "symlink",
        "data": "dir",
        "docs": "dir",
        "elsewhere": "symlink",
        "empty.txt": "file",
        "openapi": "dir",
        "postman": "dir",
        "scripts": "dir",
        "vendor": "dir",
    }
    assert isinstance(collections, list)
    assert [each.name for each in collections] == ["Payments smoke test.json", "refunds.v1.json"]


@pytest.mark.parametrize(
    ("path", "ref", "begins"),
    [
        ("openapi/openapi.yaml", "develop", b"openapi: 3.0.3"),
        ("docs/How to pay - a guide.md", "main", "Zahlen, bitte: Grüße".encode()),
        ("notes/only here.txt", "feature/a/b", b"Only on this branch."),
        ("assets/logo.png", "main", b"\x89PNG"),
        ("empty.txt", "fix/ümläut #1", b""),
        ("current.yaml", "main", b"openapi: 3.0.3"),
    ],
)
def test_a_file_is_read_at_a_branch(server: GitServer, path: str, ref: str, begins: bytes) -> None:
    file = as_github_user(server).get_repo("acme/payments-api").get_contents(path, ref=ref)

    assert not isinstance(file, list)
    assert (file.type, file.path, file.encoding) == ("file", path, "base64")
    assert file.decoded_content.startswith(begins)
    assert len(file.decoded_content) == file.size


def test_beyond_a_mebibyte_the_content_is_left_out_and_the_blob_has_it(server: GitServer) -> None:
    repository = as_github_user(server).get_repo("acme/payments-api")

    file = repository.get_contents("data/ledger.csv")

    assert not isinstance(file, list)
    assert (file.size, file.encoding, file.content) == (1_200_019, "none", "")
    assert len(base64.b64decode(repository.get_git_blob(file.sha).content)) == 1_200_019


def test_a_file_comes_as_it_is_on_request(server: GitServer) -> None:
    headers = {"Authorization": f"Bearer {server.token()}", "Accept": "application/vnd.github.raw+json"}

    answer = server.sandbox.http.get("/github/api/v3/repos/acme/payments-api/contents/data/ledger.csv", headers=headers)

    assert len(answer.content) == 1_200_019


def test_beyond_a_hundred_mebibytes_a_file_is_refused(server: GitServer) -> None:
    server.change("commit", repository="acme/empty", branch="main", path="huge", size=100 * 1024 * 1024 + 1)

    with pytest.raises(GithubException) as refused:
        as_github_user(server).get_repo("acme/empty").get_contents("huge")

    assert (refused.value.status, refused.value.data["errors"][0]["code"]) == (403, "too_large")


def test_links_that_lead_out_and_submodules_are_called_what_they_are(server: GitServer) -> None:
    repository = as_github_user(server).get_repo("acme/payments-api")

    link, submodule = repository.get_contents("elsewhere"), repository.get_contents("vendor/schemas")

    assert not isinstance(link, list)
    assert not isinstance(submodule, list)
    assert (link.type, link.raw_data["target"]) == ("symlink", "/nowhere/at-all")
    assert (submodule.type, submodule.sha) == ("submodule", "5ca1ab1e" * 5)


@pytest.mark.parametrize(
    ("repository", "path", "ref", "message"),
    [
        ("acme/payments-api", "nowhere.yaml", "main", "Not Found"),
        ("acme/payments-api", "README.md", "nowhere", "No commit found for the ref nowhere"),
        ("acme/empty", "README.md", "main", "This repository is empty."),
        ("acme/nowhere", "README.md", "main", "Not Found"),
    ],
)
def test_what_is_not_there_is_not_found(server: GitServer, repository: str, path: str, ref: str, message: str) -> None:
    with pytest.raises(GithubException) as refused:
        as_github_user(server).get_repo(repository).get_contents(path, ref=ref)

    assert (refused.value.status, refused.value.data["message"]) == (404, message)


def test_a_tree_is_read_whole_or_by_its_own_entries(server: GitServer) -> None:
    repository = as_github_user(server).get_repo("acme/payments-api")

    top, whole = repository.get_git_tree("main"), repository.get_git_tree("main", recursive=True)
    openapi = next(each for each in top.tree if each.path == "openapi")
    below = repository.get_git_tree(openapi.sha, recursive=True)

    assert len(top.tree) == 12
    assert {each.path for each in whole.tree} > {"openapi/v2.1/swagger.json", "vendor/schemas", "data/ledger.csv"}
    assert [(each.path, each.mode, each.type) for each in below.tree] == [
        ("openapi.yaml", "100644", "blob"),
        ("schemas", "040000", "tree"),
        ("schemas/payment.yaml", "100644", "blob"),
        ("v2.1", "040000", "tree"),
        ("v2.1/swagger.json", "100644", "blob"),
    ]


def test_an_empty_repository_has_no_tree(server: GitServer) -> None:
    with pytest.raises(GithubException) as refused:
        as_github_user(server).get_repo("acme/empty").get_git_tree("main")

    assert refused.value.status == 409
