"""Repositories at GitHub, as the account that asks sees them.

Sources: GitHub Enterprise Server's REST references "Repositories" and "Search", and "Searching for repositories". A search looks
through all that the account can see, gives the best 1,000, and leaves forks out unless told otherwise.
"""

import re

from pydantic import TypeAdapter

from app.outbound import Sender
from app.providers._git.names import clean_search
from app.providers._git.pages import read_position, turn
from app.providers._git.places import no_repository, same_repository
from app.providers._http.answers import Answer, Line, Many, web_address
from app.providers.contract import Authorized, Failure
from app.providers.github.calls import API, read_answer
from app.providers.hosting import Repository, RepositoryPage

_ID = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_-]{0,99})/([A-Za-z0-9._-]{1,100})")
_NEVER_IN_NAMES = re.compile(r"[^A-Za-z0-9._ -]")


class _Owner(Answer):
    login: Line


class _Repository(Answer):
    name: Line
    full_name: Line
    owner: _Owner
    html_url: str | None = None
    default_branch: Line | None = None

    def described(self, *, base_url: str) -> Repository:
        return Repository(
            id=self.full_name,
            owner=self.owner.login,
            name=self.name,
            full_name=self.full_name,
            web_url=web_address(self.html_url) or f"{base_url}/{self.full_name}",
            default_branch=self.default_branch,
        )


class _Found(Answer):
    items: Many[_Repository]


_REPOSITORY = TypeAdapter(_Repository)
_REPOSITORIES = TypeAdapter[list[_Repository]](Many[_Repository])
_FOUND = TypeAdapter(_Found)


async def list_repositories(
    *, authorized: Authorized, search: str | None, cursor: str | None, limit: int, outbound: Sender
) -> RepositoryPage | Failure:
    """Return the repositories that the account has a part in, by name; or those it can see whose name has what is searched."""
    at = read_position(cursor, limit=limit, names=API.pages, server=API.server)
    if isinstance(at, Failure):
        return at
    # In quotes nothing is a qualifier; no name has what is taken out, quotes and backslashes among it.
    wanted = None if search is None else clean_search(_NEVER_IN_NAMES.sub(" ", search))
    if wanted == "":
        return RepositoryPage((), None)
    query = {"per_page": str(at.size), **at.query}
    if wanted is None:
        outcome = await API.ask(
            ("user", "repos"), query | {"sort": "full_name"}, endpoint="user repos", authorized=authorized, outbound=outbound
        )
        found = await read_answer(outcome, _REPOSITORIES, base_url=authorized.base_url)
    else:
        query |= {"q": f'"{wanted}" in:name fork:true'}
        outcome = await API.ask(("search", "repositories"), query, endpoint="search", authorized=authorized, outbound=outbound)
        answer = await read_answer(outcome, _FOUND, base_url=authorized.base_url)
        found = answer if isinstance(answer, Failure) else answer.items
    page = turn(found, outcome, at, limit=limit, api=API)
    if isinstance(page, Failure):
        return page
    return RepositoryPage(tuple(one.described(base_url=authorized.base_url) for one in page[0]), page[1])


async def find_repository(*, authorized: Authorized, repository_id: str, outbound: Sender) -> Repository | Failure:
    """Return the repository `owner/name`; TARGET_GONE where it is not to be seen, also where it was renamed."""
    place = locate(repository_id)
    if isinstance(place, Failure):
        return place
    outcome = await API.ask(place, endpoint="repository", authorized=authorized, outbound=outbound)
    found = await read_answer(outcome, _REPOSITORY, base_url=authorized.base_url)
    if isinstance(found, Failure):
        return found
    return same_repository(found.described(base_url=authorized.base_url), asked=repository_id, api=API)


def locate(repository_id: str) -> tuple[str, ...] | Failure:
    """Return the segments at which the API has the repository."""
    parts = _ID.fullmatch(repository_id)
    if parts is None or parts[2] in {".", ".."}:
        return no_repository(API)
    return ("repos", parts[1], parts[2])
