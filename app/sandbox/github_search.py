"""GitHub's search for repositories."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from app.sandbox.git_links import whole
from app.sandbox.git_world import Repository
from app.sandbox.github_shown import show_repository
from app.sandbox.github_wire import Call, invalid, refuse, respond_with_page

_FOUND_AT_MOST = 1_000
_OWNERS = ("user", "org")
_NOBODY = (
    "The listed users and repositories cannot be searched either because the resources do not exist "
    "or you do not have permission to view them."
)


@dataclass(frozen=True)
class _Query:
    """What is looked for: words that must all be there, and qualifiers ("user", "acme")."""

    words: tuple[str, ...]
    qualifiers: tuple[tuple[str, str], ...]

    def all_of(self, *names: str) -> list[str]:
        return [value for name, value in self.qualifiers if name in names]


def search_repositories(call: Call) -> Response:
    """Answer /search/repositories: `user:`, `org:`, `repo:`, `is:`, `in:`, and words; the best 1,000 only."""
    written = str(call.query("q", "")).strip()
    if not written:
        return invalid("Search", "q", code="missing")
    query = _parse(written)
    owners = query.all_of(*_OWNERS)
    if owners and not any(each in call.git.world.namespaces for each in owners):
        return invalid("Search", "q", _NOBODY)
    found = sorted((each for each in call.git.world.visible(call.user) if _fits(call, query, each)), key=_order(query))
    if whole(call.query("page"), 1) * whole(call.query("per_page"), 30, at_most=100) > _FOUND_AT_MOST:
        return refuse(422, "Only the first 1000 search results are available")
    return respond_with_page(
        call,
        found[:_FOUND_AT_MOST],
        lambda each: {**show_repository(call, each), "score": 1.0},
        lambda items: {"total_count": len(found), "incomplete_results": False, "items": items},
    )


def _parse(written: str) -> _Query:
    words, qualifiers = [], []
    for part in written.split():
        name, colon, value = part.partition(":")
        if colon and name.isalpha():
            qualifiers.append((name.lower(), value.strip('"')))
        else:
            words.append(part.strip('"').lower())
    return _Query(tuple(words), tuple(qualifiers))


def _fits(call: Call, query: _Query, repository: Repository) -> bool:
    owners, named, kinds = query.all_of(*_OWNERS), query.all_of("repo"), query.all_of("is")
    if not call.may_see(repository):
        return False
    if owners and repository.namespace.path not in owners:
        return False
    if named and repository.path not in named:
        return False
    if {"private", "public"} & set(kinds) and ("private" if repository.is_private else "public") not in kinds:
        return False
    return all(any(word in place for place in _places(query, repository)) for word in query.words)


def _places(query: _Query, repository: Repository) -> Sequence[str]:
    where = ",".join(query.all_of("in")).split(",") if query.all_of("in") else ["name", "description"]
    places = {"name": repository.name, "description": repository.description}
    return [text.lower() for name, text in places.items() if name in where]


def _order(query: _Query) -> Callable[[Repository], tuple[bool, str]]:
    """Put first what is called exactly what is looked for."""
    return lambda each: (each.name.lower() not in query.words, each.path.lower())
