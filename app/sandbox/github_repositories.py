"""GitHub's API for people, repositories and branches."""

from collections.abc import Callable, Iterable

from starlette.responses import JSONResponse, Response

from app.sandbox.git_world import Namespace, Repository
from app.sandbox.github_shown import (
    show_branch,
    show_commit,
    show_organization,
    show_reference,
    show_repository,
    show_whole_branch,
    show_whole_user,
    write_moment,
)
from app.sandbox.github_wire import Call, invalid, not_found, refuse, respond_with_page

_AFFILIATIONS = "owner,collaborator,organization_member"
_ORGANIZATION_SCOPES = {"read:org", "user", "write:org", "admin:org"}
_SORTS: dict[str, Callable[[Repository], str]] = {
    "full_name": lambda each: each.path.lower(),
    "created": lambda each: write_moment(each.created_at),
    "updated": lambda each: write_moment(each.pushed_at),
    "pushed": lambda each: write_moment(each.pushed_at),
}


def show_viewer(call: Call) -> Response:
    may_see = {"user", "user:email", "read:user"} & set(call.token.scopes)
    return JSONResponse(show_whole_user(call.user, call.api, email=call.user.email if may_see else None))


def list_organizations(call: Call) -> Response:
    if not _ORGANIZATION_SCOPES & set(call.token.scopes):
        refusal = refuse(403, "You need at least read:org scope or user scope to list your organizations.")
        refusal.headers["X-Accepted-OAuth-Scopes"] = "admin:org, read:org, repo, user, write:org"
        return refusal
    return respond_with_page(call, _organizations(call), lambda each: show_organization(each, call.api))


def list_viewers_repositories(call: Call) -> Response:
    """Answer /user/repos: what the viewer has a part in, and how."""
    sort = call.query("sort", "full_name")
    if sort not in _SORTS:
        return invalid("Repository", "sort")
    wanted = set(str(call.query("affiliation", _AFFILIATIONS)).split(","))
    mine = [each for each in call.git.world.repositories.values() if _affiliation(call, each) in wanted and call.may_see(each)]
    return respond_with_page(call, _sorted(call, _of_visibility(call, mine), str(sort)), lambda each: show_repository(call, each))


def list_organizations_repositories(call: Call) -> Response:
    namespace = call.git.world.namespaces.get(call.path("org"))
    if namespace is None or namespace.kind != "group":
        return not_found()
    all_of_it = [each for each in call.git.world.repositories.values() if each.namespace == namespace and call.may_see(each)]
    return respond_with_page(call, _sorted(call, all_of_it, "full_name"), lambda each: show_repository(call, each))


def show_one(call: Call, repository: Repository) -> Response:
    return JSONResponse(show_repository(call, repository) | {"network_count": 0, "subscribers_count": 0})


def list_branches(call: Call, repository: Repository) -> Response:
    protected = call.query("protected")
    names = [
        name
        for name in sorted(repository.branches)
        if protected is None or (name in repository.protected) == (protected == "true")
    ]
    return respond_with_page(call, names, lambda each: show_branch(call, repository, each))


def show_one_branch(call: Call, repository: Repository) -> Response:
    branch = call.path("branch")
    if branch not in repository.branches:
        return refuse(404, "Branch not found")
    return JSONResponse(show_whole_branch(call, repository, branch))


def list_matching_branches(call: Call, repository: Repository) -> Response:
    """Answer /git/matching-refs/heads/{prefix}: all of them at once, as GitHub does."""
    prefix = call.path("prefix")
    names = [name for name in sorted(repository.branches) if name.startswith(prefix)]
    return JSONResponse([show_reference(call, repository, each) for each in names])


def show_one_commit(call: Call, repository: Repository) -> Response:
    commit = repository.resolve(call.path("ref"))
    if not repository.branches:
        return refuse(409, "Git Repository is empty.")
    if commit is None:
        return refuse(422, f"No commit found for SHA: {call.path('ref')}")
    return JSONResponse(show_commit(call, repository, commit))


def of_repository(answer: Callable[[Call, Repository], Response]) -> Callable[[Call], Response]:
    """Let `answer` have the repository that the path names; what the viewer may not see is not there."""

    def answer_about(call: Call) -> Response:
        repository = call.git.world.repository(f"{call.path('owner')}/{call.path('name')}")
        if repository is None or not call.may_see(repository):
            return not_found()
        return answer(call, repository)

    return answer_about


def _organizations(call: Call) -> list[Namespace]:
    groups = (each for each in call.git.world.namespaces.values() if each.kind == "group")
    return [each for each in groups if call.user.login in each.members]


def _affiliation(call: Call, repository: Repository) -> str | None:
    if call.user.login not in repository.access:
        return None
    if repository.namespace.path == call.user.login:
        return "owner"
    return "organization_member" if call.user.login in repository.namespace.members else "collaborator"


def _of_visibility(call: Call, repositories: Iterable[Repository]) -> list[Repository]:
    wanted = call.query("visibility", "all")
    return [each for each in repositories if wanted == "all" or each.is_private == (wanted == "private")]


def _sorted(call: Call, repositories: Iterable[Repository], sort: str) -> list[Repository]:
    direction = call.query("direction", "asc" if sort == "full_name" else "desc")
    return sorted(repositories, key=_SORTS[sort], reverse=direction == "desc")
