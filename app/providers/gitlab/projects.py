"""Projects and branches at GitLab, as the account that asks sees them.

Sources: GitLab's references of the Projects API and the Branches API, and "Keyset-based pagination": projects by id, where only
the link tells the next page; offsets end at 50,000.
"""

import re

from pydantic import TypeAdapter

from app.outbound import Sender
from app.providers._git.names import clean_search, is_ref
from app.providers._git.pages import read_position, turn
from app.providers._git.places import no_repository, same_branch, same_repository, within
from app.providers._http.answers import Answer, Commit, Line, Many, Number, web_address
from app.providers.contract import Authorized, Failure
from app.providers.gitlab.calls import API, read_answer
from app.providers.hosting import Branch, BranchPage, Repository, RepositoryPage

_ID = re.compile(r"[1-9][0-9]{0,18}")
_KEYSET = {"pagination": "keyset", "order_by": "id", "sort": "asc"}


class _Namespace(Answer):
    full_path: Line


class _Project(Answer):
    id: Number
    path: Line
    path_with_namespace: Line
    namespace: _Namespace
    web_url: str | None = None
    default_branch: Line | None = None

    def described(self, *, base_url: str) -> Repository:
        return Repository(
            id=str(self.id),
            owner=self.namespace.full_path,
            name=self.path,
            full_name=self.path_with_namespace,
            web_url=web_address(self.web_url) or f"{base_url}/-/projects/{self.id}",
            default_branch=self.default_branch,
        )


class _Head(Answer):
    id: Commit


class _Branch(Answer):
    name: str
    commit: _Head
    default: bool = False
    protected: bool = False

    def described(self) -> Branch:
        return Branch(name=self.name, commit=self.commit.id, is_default=self.default, is_protected=self.protected)


_PROJECT = TypeAdapter(_Project)
_PROJECTS = TypeAdapter[list[_Project]](Many[_Project])
_BRANCH = TypeAdapter(_Branch)
_BRANCHES = TypeAdapter[list[_Branch]](Many[_Branch])


async def list_repositories(
    *, authorized: Authorized, search: str | None, cursor: str | None, limit: int, outbound: Sender
) -> RepositoryPage | Failure:
    """Return the projects that the account is a member of, the oldest first; with a search, those whose name has it."""
    at = read_position(cursor, limit=limit, names=API.pages, server=API.server)
    if isinstance(at, Failure):
        return at
    query = {"membership": "true", "simple": "true", "per_page": str(at.size), **_KEYSET}
    if search is not None:
        wanted = clean_search(search)
        if not wanted:
            return RepositoryPage((), None)
        query |= {"search": wanted}
    outcome = await API.ask(("projects",), {**query, **at.query}, endpoint="projects", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _PROJECTS, base_url=authorized.base_url)
    page = turn(found, outcome, at, limit=limit, api=API)
    if isinstance(page, Failure):
        return page
    return RepositoryPage(tuple(one.described(base_url=authorized.base_url) for one in page[0]), page[1])


async def find_repository(*, authorized: Authorized, repository_id: str, outbound: Sender) -> Repository | Failure:
    """Return the project of that number, wherever it has been moved to."""
    place = locate(repository_id)
    if isinstance(place, Failure):
        return place
    outcome = await API.ask(place, endpoint="project", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _PROJECT, base_url=authorized.base_url)
    if isinstance(found, Failure):
        return found
    return same_repository(found.described(base_url=authorized.base_url), asked=repository_id, api=API)


async def list_branches(
    *,
    authorized: Authorized,
    repository_id: str,
    default_branch: str | None,  # noqa: ARG001 - GitLab says itself which one it is
    search: str | None,
    cursor: str | None,
    limit: int,
    outbound: Sender,
) -> BranchPage | Failure:
    """Return branches by name: all, or those that have what is searched (GitLab reads ^ as the beginning, $ as the end)."""
    place = locate(repository_id)
    at = read_position(cursor, limit=limit, names=API.pages, server=API.server)
    if isinstance(place, Failure):
        return place
    if isinstance(at, Failure):
        return at
    query = {"per_page": str(at.size)}
    if search is not None:
        wanted = clean_search(search)
        if not wanted:
            return BranchPage((), None)
        query |= {"search": wanted}
    outcome = await API.ask(
        (*place, "repository", "branches"), {**query, **at.query}, endpoint="branches", authorized=authorized, outbound=outbound
    )
    found = await read_answer(outcome, _BRANCHES, base_url=authorized.base_url)
    page = turn(found, outcome, at, limit=limit, api=API)
    if isinstance(page, Failure):
        return page
    return BranchPage(tuple(one.described() for one in page[0] if is_ref(one.name)), page[1])


async def find_branch(
    *,
    authorized: Authorized,
    repository_id: str,
    name: str,
    default_branch: str | None,  # noqa: ARG001 - GitLab says itself which one it is
    outbound: Sender,
) -> Branch | Failure:
    place = within(locate(repository_id), ref=name, api=API)
    if isinstance(place, Failure):
        return place
    outcome = await API.ask((*place, "repository", "branches", name), endpoint="branch", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _BRANCH, base_url=authorized.base_url)
    return found if isinstance(found, Failure) else same_branch(found.described(), asked=name, api=API)


def locate(repository_id: str) -> tuple[str, ...] | Failure:
    """Return the segments at which the API has the project."""
    return ("projects", repository_id) if _ID.fullmatch(repository_id) else no_repository(API)
