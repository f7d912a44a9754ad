"""A Git server's world, changed on order, as seen through its API: the same at both."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.sandbox.git_sign_ins import GitServer, github_server, gitlab_server
from tests.sandbox.running import Sandbox

PAYMENTS = "acme/payments-api"


@pytest.fixture(params=[github_server, gitlab_server])
def server(request: pytest.FixtureRequest, sandbox: Sandbox) -> GitServer:
    make: Callable[[Sandbox], GitServer] = request.param
    return make(sandbox)


def read(server: GitServer, token: str, path: str, repository: str = PAYMENTS) -> httpx2.Response:
    address = (
        f"/github/api/v3/repos/{repository}"
        if server.name == "github"
        else f"/gitlab/api/v4/projects/{quote(repository, safe='')}"
    )
    return server.sandbox.http.get(address + path, headers={"Authorization": f"Bearer {token}"})


def read_branch(server: GitServer, token: str, name: str) -> httpx2.Response:
    return read(server, token, f"{'' if server.name == 'github' else '/repository'}/branches/{quote(name, safe='')}")


def read_file(server: GitServer, token: str, path: str, ref: str = "main", repository: str = PAYMENTS) -> httpx2.Response:
    place = f"/contents/{quote(path)}" if server.name == "github" else f"/repository/files/{quote(path, safe='')}"
    return read(server, token, f"{place}?ref={quote(ref, safe='')}", repository)


def repositories(server: GitServer) -> dict[str, Any]:
    rows = server.sandbox.state()["repositories"]
    return {each["path"]: each for each in rows if each["provider"] == server.name}


def test_a_branch_can_be_deleted(server: GitServer) -> None:
    token = server.token()

    server.change("delete_branch", repository=PAYMENTS, branch="feature/a/b")

    assert read_branch(server, token, "feature/a/b").status_code == 404
    assert read_branch(server, token, "main").status_code == 200


def test_without_its_default_branch_a_repository_has_another(server: GitServer) -> None:
    server.change("delete_branch", repository=PAYMENTS, branch="main")

    assert repositories(server)[PAYMENTS]["default_branch"] == "develop"


def test_a_branch_can_be_renamed_and_stays_what_it_was(server: GitServer) -> None:
    token = server.token()

    server.change("rename_branch", repository=PAYMENTS, branch="main", to="trunk")

    assert read_branch(server, token, "main").status_code == 404
    assert read_branch(server, token, "trunk").json()["protected"] is True
    assert read(server, token, "").json()["default_branch"] == "trunk"


def test_a_file_can_be_changed_renamed_and_deleted(server: GitServer) -> None:
    token = server.token()
    before = repositories(server)[PAYMENTS]["head"]

    server.change("commit", repository=PAYMENTS, branch="main", path="new/one.txt", content="grün")
    written = read_file(server, token, "new/one.txt")
    server.change("rename_file", repository=PAYMENTS, branch="main", path="new/one.txt", to="new/two.txt")
    renamed = read_file(server, token, "new/one.txt"), read_file(server, token, "new/two.txt")
    head = server.change("delete_file", repository=PAYMENTS, branch="main", path="new/two.txt").json()["commit"]

    assert written.json()["size"] == len("grün".encode())
    assert [each.status_code for each in renamed] == [404, 200]
    assert read_file(server, token, "new/two.txt").status_code == 404
    assert read_file(server, token, "README.md").status_code == 200
    assert repositories(server)[PAYMENTS]["head"] == head != before


def test_a_commit_can_begin_a_branch_and_a_repository(server: GitServer) -> None:
    token = server.token()

    server.change("commit", repository=PAYMENTS, branch="new/branch", path="a", content_base64="AP8=")
    server.change("commit", repository="acme/empty", branch="first", path="a", size=3)

    assert read_file(server, token, "README.md", "new/branch").status_code == 200
    assert read_file(server, token, "a", "new/branch").json()["size"] == 2
    assert read_file(server, token, "a", "first", "acme/empty").json()["size"] == 3
    assert repositories(server)["acme/empty"]["default_branch"] == "first"


def test_a_file_can_take_the_place_of_a_directory(server: GitServer) -> None:
    token = server.token()

    server.change("commit", repository=PAYMENTS, branch="main", path="openapi", content="one file")

    assert read_file(server, token, "openapi").json()["size"] == len("one file")
    assert read_file(server, token, "openapi/openapi.yaml").status_code == 404


def test_a_repository_can_be_deleted(server: GitServer) -> None:
    token = server.token()

    server.change("delete_repository", repository=PAYMENTS)

    assert read(server, token, "").status_code == 404
    assert PAYMENTS not in repositories(server)


def test_access_can_be_taken_from_one_person(server: GitServer) -> None:
    ada, grace = server.token(), server.token("grace")

    server.change("remove_access", repository=PAYMENTS, user="grace")

    assert read(server, grace, "").status_code == 404
    assert read(server, ada, "").status_code == 200
    assert repositories(server)[PAYMENTS]["access"] == {"ada": 50}


def test_access_can_end_on_a_day_and_gitlab_says_so_before(sandbox: Sandbox) -> None:
    server = gitlab_server(sandbox)
    number = next(each["id"] for each in sandbox.state()["users"] if (each["provider"], each["login"]) == ("gitlab", "grace"))

    server.change("end_access", repository=PAYMENTS, user="grace", on="2026-01-09")
    told = read(server, server.token(), f"/members/all/{number}")
    sandbox.clock.advance(timedelta(days=7))

    assert (told.json()["username"], told.json()["expires_at"]) == ("grace", "2026-01-09")
    assert read(server, server.token("grace"), "").status_code == 404
    assert read(server, server.token(), f"/members/all/{number}").status_code == 404


def test_a_change_at_one_server_is_none_at_the_other(sandbox: Sandbox) -> None:
    github_server(sandbox).change("delete_repository", repository=PAYMENTS)

    assert PAYMENTS not in repositories(github_server(sandbox))
    assert PAYMENTS in repositories(gitlab_server(sandbox))


def test_a_reset_makes_everything_new(server: GitServer) -> None:
    new = server.sandbox.state()
    token = server.token()
    server.change("commit", repository=PAYMENTS, branch="main", path="README.md", content="changed")
    server.change("delete_repository", repository="acme/empty")
    server.change("renew_secret", secret="another")
    changed = server.sandbox.state()

    server.sandbox.control("reset")

    assert all(changed[key] != new[key] for key in ("repositories", "grants", "requests"))
    assert server.sandbox.state() == new
    assert read(server, token, "").status_code == 401
    assert "access_token" in server.exchange(server.code()).json()


def test_the_state_shows_grants_and_people(server: GitServer) -> None:
    token = server.token("grace")

    state = server.sandbox.state()

    assert [each["login"] for each in state["users"] if each["provider"] == server.name] == ["ada", "grace", "edsger"]
    assert [(each["provider"], each["user"], each["access_token"]) for each in state["grants"]] == [(server.name, "grace", token)]
    assert len(repositories(server)) == 268


@pytest.mark.parametrize(
    ("what", "order", "status"),
    [
        ("delete_branch", {"repository": PAYMENTS, "branch": "nowhere"}, 404),
        ("delete_branch", {"repository": "acme/nowhere", "branch": "main"}, 404),
        ("delete_file", {"repository": PAYMENTS, "branch": "main", "path": "nowhere"}, 404),
        ("remove_access", {"repository": PAYMENTS, "user": "edsger"}, 404),
        ("end_access", {"repository": PAYMENTS, "user": "edsger", "on": "2026-01-09"}, 404),
        ("end_access", {"repository": PAYMENTS, "user": "ada", "on": "soon"}, 400),
        ("delete_branch", {"repository": PAYMENTS}, 400),
        ("commit", {"repository": PAYMENTS, "branch": "main", "path": "a", "contents": "?"}, 400),
        ("commit", {"repository": PAYMENTS, "branch": "main", "path": "/a", "content": "?"}, 400),
    ],
)
def test_an_order_that_cannot_be_done_is_refused_and_changes_nothing(
    server: GitServer, what: str, order: dict[str, object], status: int
) -> None:
    before = server.sandbox.state()

    answer = server.sandbox.http.post(f"/control/{server.name}/{what}", json=order)

    assert (answer.status_code, "error" in answer.json()) == (status, True)
    assert server.sandbox.state() == before


def test_a_person_whom_nobody_knows_loses_nothing(server: GitServer) -> None:
    server.token()

    assert server.fault("revoke_token", user="nobody").json()["changed"] == 0
    assert [each["is_revoked"] for each in server.sandbox.state()["grants"]] == [False]
