"""Lists in pages, as Git servers give them: `Link: <…>; rel="next"` (RFC 8288) says where the next one begins.

A cursor goes through clients' hands, so it holds no address: only those parameters of the server's link that tell one page from
another. Put into the query of our own address they can name another page, and nothing else. So it does not matter what address
the link has: where TLS ends before the server, it is the one that the server believes to have.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from app.outbound import Outcome, Response
from app.providers._git.calls import Api
from app.providers.contract import Failure, Fault

LARGEST_PAGE = 100

_LONGEST_CURSOR = 2000
_NUMBER = re.compile(r"[0-9]{1,6}")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,1000}")
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,]+))", re.IGNORECASE)

T = TypeVar("T")


@dataclass(frozen=True)
class Position:
    """A place to go on from: `query` names the server's page, of `size`, and `skip` how many of it were given before."""

    query: Mapping[str, str]
    size: int
    skip: int = 0


def read_position(cursor: str | None, *, limit: int, names: Collection[str], server: str) -> Position | Failure:
    """Read a cursor that `cut` wrote; without one, begin. `names` are the parameters that the list's links may set."""
    if cursor is None:
        return Position({}, size=min(max(limit, 1), LARGEST_PAGE))
    written = dict(parse_qsl(cursor[:_LONGEST_CURSOR], keep_blank_values=True, errors="surrogateescape"))
    size, skip = written.pop("size", ""), written.pop("skip", "")
    well_formed = all(name in names and _PLAIN.fullmatch(value) for name, value in written.items())
    if not (well_formed and _NUMBER.fullmatch(size) and _NUMBER.fullmatch(skip) and 1 <= int(size) <= LARGEST_PAGE):
        return Failure(Fault.REFUSED, f"The cursor is none of this list of {server}'s: begin it again.")
    return Position(written, size=int(size), skip=int(skip))


def next_query(response: Response, *, names: Collection[str], server: str) -> Mapping[str, str] | Failure | None:
    """Return what names the next page; None at the end. BROKEN where its link names none."""
    address = _next_address(response.headers.get("link", ""))
    if address is None:
        return None
    given = dict(parse_qsl(address.partition("?")[2], errors="surrogateescape"))
    following = {name: value for name, value in given.items() if name in names and _PLAIN.fullmatch(value)}
    return following or Failure(Fault.BROKEN, f"{server}'s link to the next page names no page.")


def turn(
    page: Sequence[T] | Failure, outcome: Outcome, at: Position, *, limit: int, api: Api
) -> tuple[tuple[T, ...], str | None] | Failure:
    """Return at most `limit` of what stood in the answer, and the cursor to go on with; None at the end."""
    if isinstance(page, Failure):
        return page
    following = next_query(outcome, names=api.pages, server=api.server) if isinstance(outcome, Response) else None
    return following if isinstance(following, Failure) else cut(page, at, limit=limit, following=following)


def cut(page: Sequence[T], at: Position, *, limit: int, following: Mapping[str, str] | None) -> tuple[tuple[T, ...], str | None]:
    """Return at most `limit` of the server's page, and the cursor to go on with.

    The size of the server's pages stays what it was at the list's beginning: their numbers mean nothing otherwise.
    """
    until = at.skip + max(limit, 1)
    if len(page) > until:
        return tuple(page[at.skip : until]), _write(replace(at, skip=until))
    # A link that leads to itself would be read for ever.
    is_last = following is None or following == at.query
    return tuple(page[at.skip :]), None if is_last or following is None else _write(Position(following, size=at.size))


def _write(position: Position) -> str:
    return urlencode({**position.query, "size": str(position.size), "skip": str(position.skip)})


def _next_address(link: str) -> str | None:
    for address, parameters in _LINK.findall(link):
        relation = _RELATION.search(parameters)
        if relation is not None and "next" in (relation[1] or relation[2] or "").lower().split():
            return str(address)
    return None
