"""Directories and files of GitLab's stand-in, as python-gitlab sees them."""

import hashlib

import pytest
from gitlab.exceptions import GitlabGetError

from tests.sandbox.git_sign_ins import GitServer, as_gitlab_user, gitlab_server
from tests.sandbox.running import Sandbox


@pytest.fixture
def server(sandbox: Sandbox) -> GitServer:
    return gitlab_server(sandbox)


def test_a_directory_lists_what_is_in_it(server: GitServer) -> None:
    project = as_gitlab_user(server).projects.get("acme/payments-api")

    root = project.repository_tree(get_all=True)
    collections = project.repository_tree(path="postman/collections", ref="feature/a/b", get_all=True)

    assert [(each["path"], each["type"]) for each in root] == [
        ("assets", "tree"),
        ("data", "tree"),
        ("docs", "tree"),
        ("openapi", "tree"),
        ("postman", "tree"),
        ("scripts", "tree"),
        ("vendor", "tree"),
        (".gitattributes", "blob"),
        ("README.md", "blob"),
        ("current.yaml", "blob"),
        ("elsewhere", "blob"),
        ("empty.txt", "blob"),
    ]
    assert [each["name"] for each in collections] == ["Payments smoke test.json", "refunds.v1.json"]
    assert [each["type"] for each in project.repository_tree(path="vendor")] == ["commit"]


@pytest.mark.parametrize("paging", [{}, {"pagination": "keyset"}])
def test_a_tree_is_read_whole_in_pages(server: GitServer, paging: dict[str, str]) -> None:
    project = as_gitlab_user(server).projects.get("acme/payments-api")

    entries = project.repository_tree(recursive=True, per_page=3, iterator=True, **paging)

    paths = [each["path"] for each in entries]
    assert len(paths) == len(set(paths)) == 25
    assert {"openapi/v2.1/swagger.json", "vendor/schemas"} < set(paths)


@pytest.mark.parametrize(
    ("path", "ref", "message"),
    [("", "nowhere", "404 Tree Not Found"), ("no/where", "main", "404 invalid revision or path Not Found")],
)
def test_a_directory_that_is_not_there_is_not_found(server: GitServer, path: str, ref: str, message: str) -> None:
    with pytest.raises(GitlabGetError) as refused:
        as_gitlab_user(server).projects.get("acme/payments-api").repository_tree(path=path, ref=ref)

    assert refused.value.error_message == message


@pytest.mark.parametrize(
    ("path", "ref", "begins"),
    [
        ("openapi/openapi.yaml", "develop", b"openapi: 3.0.3"),
        ("docs/How to pay - a guide.md", "main", "Zahlen, bitte: Grüße".encode()),
        ("notes/only here.txt", "feature/a/b", b"Only on this branch."),
        ("assets/logo.png", "HEAD", b"\x89PNG"),
        ("empty.txt", "fix/ümläut #1", b""),
        ("data/ledger.csv", "main", b"id,amount,currency"),
        ("current.yaml", "main", b"openapi/openapi.yaml"),
    ],
)
def test_a_file_is_read_at_a_branch(server: GitServer, path: str, ref: str, begins: bytes) -> None:
    project = as_gitlab_user(server).projects.get("acme/payments-api")

    file = project.files.get(path, ref=ref)

    content = file.decode()
    assert (file.file_path, file.ref, file.size) == (path, ref, len(content))
    assert content.startswith(begins)
    assert file.content_sha256 == hashlib.sha256(content).hexdigest()
    assert file.commit_id == project.commits.get(ref).id
    assert project.files.raw(path, ref=ref) == content


def test_a_file_knows_the_commit_that_last_changed_it(server: GitServer) -> None:
    project = as_gitlab_user(server).projects.get("acme/payments-api")
    begun = project.commits.get("main").id
    changed = server.change("commit", repository="acme/payments-api", branch="main", path="README.md", content="new").json()[
        "commit"
    ]

    assert project.files.get("README.md", ref="main").last_commit_id == changed
    assert project.files.get("empty.txt", ref="main").last_commit_id == begun


@pytest.mark.parametrize(
    ("path", "ref", "message"),
    [("nowhere.yaml", "main", "404 File Not Found"), ("README.md", "nowhere", "404 Commit Not Found")],
)
def test_a_file_that_is_not_there_is_not_found(server: GitServer, path: str, ref: str, message: str) -> None:
    with pytest.raises(GitlabGetError) as refused:
        as_gitlab_user(server).projects.get("acme/payments-api").files.get(path, ref=ref)

    assert (refused.value.response_code, refused.value.error_message) == (404, message)
