"""GitLab's stand-in, as python-gitlab sees it."""

import base64

import httpx2
import pytest
from gitlab.exceptions import GitlabAuthenticationError, GitlabGetError, GitlabHttpError

from tests.sandbox.git_sign_ins import GitServer, as_gitlab_user, gitlab_server, gitlab_with
from tests.sandbox.running import Sandbox


@pytest.fixture
def server(sandbox: Sandbox) -> GitServer:
    return gitlab_server(sandbox)


def read(server: GitServer, path: str, token: str | None = None) -> httpx2.Response:
    return server.sandbox.http.get(f"/gitlab/api/v4/{path}", headers={"Authorization": f"Bearer {token or server.token()}"})


def test_the_token_says_whose_it_is(server: GitServer) -> None:
    gitlab = as_gitlab_user(server, "grace")

    gitlab.auth()

    assert gitlab.user is not None
    assert (gitlab.user.username, gitlab.user.id, gitlab.user.email) == ("grace", 2, "grace@sandbox.example")
    assert gitlab.version() == ("18.6.1-ee", "5a0d1b2c3e4")
    assert read(server, "metadata").json()["enterprise"] is True


def test_each_sees_their_own_projects(server: GitServer) -> None:
    ada = as_gitlab_user(server)
    graces = as_gitlab_user(server, "grace").projects.list(membership=True, get_all=True, order_by="id", sort="asc")

    adas = [each.path_with_namespace for each in ada.projects.list(membership=True, get_all=True, order_by="id", sort="asc")]

    assert adas == [
        "acme/payments-api",
        "acme/many-branches",
        "acme/empty",
        "acme/docs.site",
        "acme/platform/gateway",
        "ada/notes",
    ]
    assert len(graces) == 266
    assert {"globex/secret-plans", "ada/notes"} <= {each.path_with_namespace for each in graces}
    with pytest.raises(GitlabGetError) as refused:
        ada.projects.get("globex/secret-plans")
    assert (refused.value.response_code, refused.value.error_message) == (404, "404 Project Not Found")


def test_keyset_pages_link_to_the_next_alone_and_end(server: GitServer) -> None:
    gitlab = as_gitlab_user(server, "grace")
    token = server.token("grace")
    path = "projects?membership=true&min_access_level=30&simple=true&pagination=keyset&order_by=id&sort=asc&per_page=100"

    first = read(server, path, token)
    last = read(server, f"{path}&id_after=2200", token)
    listed = list(
        gitlab.projects.list(
            membership=True, min_access_level=30, simple=True, pagination="keyset", order_by="id", sort="asc", iterator=True
        )
    )

    assert list(first.links) == ["next"]
    assert "id_after=" in str(first.links["next"]["url"])
    assert "x-total" not in first.headers
    assert last.links == {}
    assert [each.id for each in listed] == sorted({each.id for each in listed})
    assert len(listed) == 265
    assert "permissions" not in listed[0].attributes


def test_keyset_pages_go_down_as_well(server: GitServer) -> None:
    gitlab = as_gitlab_user(server, "grace")

    ids = [each.id for each in gitlab.projects.list(membership=True, pagination="keyset", order_by="id", iterator=True)]

    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 266


def test_keyset_goes_by_id_only(server: GitServer) -> None:
    assert read(server, "projects?pagination=keyset&order_by=name").status_code == 405


def test_numbered_pages_tell_how_many_there_are(server: GitServer) -> None:
    answer = read(server, "projects?membership=true&page=2&per_page=100", server.token("grace"))

    assert set(answer.links) == {"first", "last", "next", "prev"}
    assert [answer.headers[name] for name in ("x-total", "x-total-pages", "x-page", "x-next-page", "x-prev-page")] == [
        "266",
        "3",
        "2",
        "3",
        "1",
    ]
    assert read(server, "projects?page=502&per_page=100").status_code == 405


def test_projects_are_searched(server: GitServer) -> None:
    gitlab = as_gitlab_user(server, "grace")

    assert [each.path for each in gitlab.projects.list(search="PAYMENTS", get_all=True)] == ["payments-api"]
    assert len(gitlab.projects.list(search="service-0", get_all=True)) == 99
    assert len(gitlab.projects.list(search="acme", search_namespaces=True, get_all=True)) == 4
    assert gitlab.projects.list(search="gateway", get_all=True) == []


def test_projects_are_filtered_by_what_one_may_do(server: GitServer) -> None:
    gitlab = as_gitlab_user(server, "grace")

    developer = {each.path_with_namespace for each in gitlab.projects.list(min_access_level=30, get_all=True)}
    owned = {each.path_with_namespace for each in gitlab.projects.list(owned=True, get_all=True)}
    public = {each.path_with_namespace for each in gitlab.projects.list(visibility="public", get_all=True)}

    assert "ada/notes" not in developer
    assert "acme/empty" in developer - owned
    assert public == {"acme/docs.site", "edsger/hello_world"}


@pytest.mark.parametrize("wanted", ["acme/platform/gateway", 2005])
def test_a_project_is_found_by_path_or_number(server: GitServer, wanted: str | int) -> None:
    project = as_gitlab_user(server).projects.get(wanted)

    assert (project.id, project.path_with_namespace) == (2005, "acme/platform/gateway")
    assert (project.default_branch, project.visibility) == ("main", "private")
    assert project.namespace["full_path"] == "acme/platform"
    assert project.permissions == {
        "project_access": None,
        "group_access": {"access_level": 40, "notification_level": 3},
    }
    assert project.web_url == f"{server.url}/acme/platform/gateway"


def test_an_empty_project_has_no_branch_and_no_tree(server: GitServer) -> None:
    project = as_gitlab_user(server).projects.get("acme/empty")

    assert project.default_branch is None
    assert project.empty_repo is True
    assert project.branches.list(get_all=True) == []
    with pytest.raises(GitlabGetError) as refused:
        project.repository_tree()
    assert refused.value.error_message == "404 Tree Not Found"


@pytest.mark.parametrize("paging", [{}, {"pagination": "keyset"}])
def test_branches_are_read_to_the_last(server: GitServer, paging: dict[str, str]) -> None:
    project = as_gitlab_user(server).projects.get("acme/many-branches")

    names = [each.name for each in project.branches.list(iterator=True, **paging)]

    assert len(names) == 265
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("A/b", ["feature/a/b"]),
        ("^re", ["release-1.0"]),
        ("1.0$", ["release-1.0"]),
        ("^main$", ["main"]),
        ("e", ["develop", "feature/a/b", "release-1.0"]),
        ("nothing", []),
    ],
)
def test_branches_are_searched(server: GitServer, search: str, names: list[str]) -> None:
    project = as_gitlab_user(server).projects.get("acme/payments-api")

    assert [each.name for each in project.branches.list(search=search, get_all=True)] == names


def test_branches_are_found_by_pattern(server: GitServer) -> None:
    project = as_gitlab_user(server).projects.get("acme/payments-api")

    assert [each.name for each in project.branches.list(regex="^(main|dev.*)$", get_all=True)] == ["develop", "main"]
    assert read(server, f"projects/{project.id}/repository/branches?regex=(").status_code == 400
    assert read(server, f"projects/{project.id}/repository/branches?regex=a&search=b").status_code == 400


@pytest.mark.parametrize("name", ["main", "feature/a/b", "fix/ümläut #1"])
def test_a_branch_is_found_by_its_name(server: GitServer, name: str) -> None:
    project = as_gitlab_user(server, "grace").projects.get("acme/payments-api")

    branch = project.branches.get(name)

    assert (branch.name, branch.default, branch.protected) == (name, name == "main", name == "main")
    assert branch.can_push is (name != "main")
    assert branch.commit["id"] == project.commits.get(name).id


def test_a_branch_that_is_not_there_is_not_found(server: GitServer) -> None:
    with pytest.raises(GitlabGetError) as refused:
        as_gitlab_user(server).projects.get("acme/payments-api").branches.get("feature/a")

    assert (refused.value.response_code, refused.value.error_message) == (404, "404 Branch Not Found")


def test_a_file_needs_a_ref_unless_it_is_read_raw(server: GitServer) -> None:
    answer = read(server, "projects/acme%2Fpayments-api/repository/files/README%2Emd")
    raw = read(server, "projects/acme%2Fpayments-api/repository/files/README%2Emd/raw")

    assert (answer.status_code, answer.json()) == (400, {"error": "ref is missing, ref is empty"})
    assert (raw.status_code, raw.text) == (200, "# payments-api\n")


def test_a_commit_that_is_not_there_is_not_found(server: GitServer) -> None:
    with pytest.raises(GitlabGetError) as refused:
        as_gitlab_user(server).projects.get("acme/payments-api").commits.get("0" * 40)

    assert refused.value.error_message == "404 Commit Not Found"


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("read_user", "user", 200),
        ("read_user", "projects", 403),
        ("read_api", "projects", 200),
        ("read_repository", "projects/acme%2Fdocs.site/repository/files/README.md?ref=trunk", 200),
        ("read_repository", "projects/acme%2Fdocs.site/repository/tree", 403),
        ("read_repository", "user", 403),
    ],
)
def test_scopes_open_what_they_say(server: GitServer, scope: str, path: str, status: int) -> None:
    answer = read(server, path, server.token(scope=scope))

    assert answer.status_code == status
    if status == 403:
        assert answer.json() == {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": "api read_api read_user" if path == "user" else "api read_api",
        }


def test_nobody_sees_what_is_public_and_no_more(server: GitServer) -> None:
    http = server.sandbox.http

    assert http.get("/gitlab/api/v4/user").json() == {"message": "401 Unauthorized"}
    assert http.get("/gitlab/api/v4/version").status_code == 401
    assert http.get("/gitlab/api/v4/projects?membership=true").status_code == 401
    assert len(http.get("/gitlab/api/v4/projects").json()) == 2
    assert http.get("/gitlab/api/v4/projects/acme%2Fempty").status_code == 404
    assert http.get("/gitlab/api/v4/nowhere").status_code == 404


def test_a_token_that_is_none_is_refused(server: GitServer) -> None:
    with pytest.raises(GitlabAuthenticationError):
        gitlab_with(server, "made-up").projects.list(get_all=False)

    answer = read(server, "user", "made-up")
    assert (answer.status_code, answer.json()) == (
        401,
        {"error": "invalid_token", "error_description": "Bad Access Token."},
    )
    assert answer.headers["www-authenticate"].startswith('Bearer realm="Protected by OAuth 2.0", error="invalid_token"')


def test_a_rate_limit_says_when_to_come_again(server: GitServer) -> None:
    token = server.token()
    server.fault("rate_limit", retry_after=7, times=2)

    with pytest.raises(GitlabHttpError) as refused:
        gitlab_with(server, token).http_get("/user", obey_rate_limit=False)
    answer = read(server, "user", token)

    assert refused.value.response_code == 429
    assert (answer.status_code, answer.headers["retry-after"], answer.text) == (429, "7", "Retry later\n")


def test_a_failure_is_told_in_its_own_words(server: GitServer) -> None:
    token = server.token()
    server.fault("status", status=500, endpoint="api/v4/user")

    assert read(server, "user", token).json() == {"message": "500 Internal Server Error"}


def test_a_malformed_answer_can_be_ordered(server: GitServer) -> None:
    token = server.token()
    server.fault("malformed", body_base64=base64.b64encode(b"\xff{").decode())

    assert read(server, "user", token).content == b"\xff{"


def test_a_request_is_shown_with_who_sent_it(server: GitServer) -> None:
    token = server.token("grace")
    read(server, "user", token)
    server.sandbox.http.post("/gitlab/oauth/revoke", data={**server.client, "token": token})

    requests = server.sandbox.state()["requests"][1:]

    assert [(each["method"], each["path"], each["caller"]) for each in requests] == [
        ("POST", "/gitlab/oauth/token", "sandbox-gitlab"),
        ("GET", "/gitlab/api/v4/user", f"grace …{token[-4:]}"),
        ("POST", "/gitlab/oauth/revoke", "sandbox-gitlab"),
    ]


def test_each_sees_the_groups_that_they_are_in(server: GitServer) -> None:
    ada, grace, edsger = (as_gitlab_user(server, user) for user in ("ada", "grace", "edsger"))

    acme = ada.groups.get("acme")

    assert [each.full_path for each in ada.groups.list(get_all=True)] == ["acme", "acme/platform"]
    assert [each.full_path for each in ada.groups.list(search="plat", get_all=True)] == ["acme/platform"]
    assert [each.full_path for each in ada.groups.list(top_level_only=True, get_all=True)] == ["acme"]
    assert [each.full_path for each in grace.groups.list(get_all=True)] == ["acme", "globex"]
    assert edsger.groups.list(get_all=True) == []
    assert ada.groups.get("acme/platform").parent_id == acme.id
    with pytest.raises(GitlabGetError) as refused:
        ada.groups.get("globex")
    assert (refused.value.response_code, refused.value.error_message) == (404, "404 Group Not Found")


def test_a_group_has_its_projects(server: GitServer) -> None:
    acme = as_gitlab_user(server).groups.get("acme")

    own = [each.path for each in acme.projects.list(get_all=True, sort="asc")]
    with_those_below = [each.path for each in acme.projects.list(get_all=True, sort="asc", include_subgroups=True)]

    assert own == ["payments-api", "many-branches", "empty", "docs.site"]
    assert with_those_below == [*own, "gateway"]
    assert read(server, "groups", "made-up").status_code == 401
