"""Branches at GitHub.

Sources: GitHub Enterprise Server's REST references "Branches" and "Git references". A list of branches cannot be searched;
git/matching-refs finds those that begin with what is searched, all at once, without saying which are protected.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import TypeAdapter

from app.outbound import Sender
from app.providers._git.names import clean_search, is_ref
from app.providers._git.pages import LARGEST_PAGE, Position, cut, read_position, turn
from app.providers._git.places import same_branch, within
from app.providers._http.answers import Answer, Commit, Many
from app.providers.contract import Authorized, Failure
from app.providers.github.calls import API, read_answer
from app.providers.github.repositories import locate
from app.providers.hosting import Branch, BranchPage

_HEADS = "refs/heads/"


class _Head(Answer):
    sha: Commit


class _Branch(Answer):
    name: str
    commit: _Head
    protected: bool = False

    def described(self, *, default_branch: str | None) -> Branch:
        is_default = self.name == default_branch
        return Branch(name=self.name, commit=self.commit.sha, is_default=is_default, is_protected=self.protected)


class _Object(Answer):
    type: Literal["commit", "tag", "tree", "blob"]
    sha: Commit


class _Reference(Answer):
    ref: str
    object: _Object


_BRANCH = TypeAdapter(_Branch)
_BRANCHES = TypeAdapter[list[_Branch]](Many[_Branch])
_REFERENCES = TypeAdapter[list[_Reference]](Many[_Reference])


async def list_branches(
    *,
    authorized: Authorized,
    repository_id: str,
    default_branch: str | None,
    search: str | None,
    cursor: str | None,
    limit: int,
    outbound: Sender,
) -> BranchPage | Failure:
    """Return branches by name: all, or those that begin with what is searched."""
    place = locate(repository_id)
    at = read_position(cursor, limit=limit, names=API.pages if search is None else (), server=API.server)
    if isinstance(place, Failure):
        return place
    if isinstance(at, Failure):
        return at
    if search is None:
        page = await _list(place, at, limit=limit, authorized=authorized, outbound=outbound)
    else:
        page = await _search(place, at, search, limit=limit, authorized=authorized, outbound=outbound)
    if isinstance(page, Failure):
        return page
    return BranchPage(tuple(one.described(default_branch=default_branch) for one in page[0] if is_ref(one.name)), page[1])


async def find_branch(
    *, authorized: Authorized, repository_id: str, name: str, default_branch: str | None, outbound: Sender
) -> Branch | Failure:
    """Return the branch; TARGET_GONE also where it was renamed."""
    place = within(locate(repository_id), ref=name, api=API)
    if isinstance(place, Failure):
        return place
    outcome = await API.ask((*place, "branches", name), endpoint="branch", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _BRANCH, base_url=authorized.base_url)
    if isinstance(found, Failure):
        return found
    return same_branch(found.described(default_branch=default_branch), asked=name, api=API)


_Page = tuple[tuple[_Branch, ...], str | None]


async def _list(place: Sequence[str], at: Position, *, limit: int, authorized: Authorized, outbound: Sender) -> _Page | Failure:
    query = {"per_page": str(at.size), **at.query}
    outcome = await API.ask((*place, "branches"), query, endpoint="branches", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _BRANCHES, base_url=authorized.base_url)
    return turn(found, outcome, at, limit=limit, api=API)


async def _search(
    place: Sequence[str], at: Position, search: str, *, limit: int, authorized: Authorized, outbound: Sender
) -> _Page | Failure:
    prefix = clean_search(search).lstrip("/")
    # A slash at the end is no part of an address; which names have it is seen below.
    asked = prefix.removesuffix("/")
    if not is_ref(asked):
        return (), None
    outcome = await API.ask(
        (*place, "git", "matching-refs", "heads", *asked.split("/")),
        endpoint="matching refs",
        authorized=authorized,
        outbound=outbound,
    )
    found = await read_answer(outcome, _REFERENCES, base_url=authorized.base_url)
    if isinstance(found, Failure):
        return found
    named = [one for one in found if one.ref.startswith(f"{_HEADS}{prefix}") and one.object.type == "commit"]
    page, cursor = cut(named, at, limit=limit, following=None)
    protected = await _list_protected(place, authorized=authorized, outbound=outbound) if page else frozenset()
    if isinstance(protected, Failure):
        return protected
    names = ((one.ref.removeprefix(_HEADS), one.object.sha) for one in page)
    return tuple(_Branch(name=name, commit=_Head(sha=sha), protected=name in protected) for name, sha in names), cursor


async def _list_protected(place: Sequence[str], *, authorized: Authorized, outbound: Sender) -> frozenset[str] | Failure:
    """Return the first hundred protected branches: who has more will forgive that the others are not called so in a search."""
    query = {"protected": "true", "per_page": str(LARGEST_PAGE)}
    outcome = await API.ask((*place, "branches"), query, endpoint="branches", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _BRANCHES, base_url=authorized.base_url)
    return found if isinstance(found, Failure) else frozenset(one.name for one in found)
