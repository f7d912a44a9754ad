"""A Git server's lists, read to their ends as a client would."""

from collections.abc import Sequence

from app.outbound import Outbound
from app.providers.contract import Authorized, Failure
from app.providers.hosting import Branch, BranchPage, EntryPage, Hosting, Repository, RepositoryPage

_ENOUGH = 1000


async def read_repositories(
    hosting: Hosting, authorized: Authorized, outbound: Outbound, *, search: str | None = None, limits: Sequence[int] = (100,)
) -> list[Repository]:
    """Turn the pages, each of the next of the limits."""
    found: list[Repository] = []
    cursor: str | None = None
    for turn in range(_ENOUGH):
        limit = limits[turn % len(limits)]
        page = await hosting.list_repositories(
            authorized=authorized, search=search, cursor=cursor, limit=limit, outbound=outbound
        )
        assert isinstance(page, RepositoryPage), page
        assert len(page.repositories) <= limit
        found.extend(page.repositories)
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the list has no end")


async def read_branches(
    hosting: Hosting,
    authorized: Authorized,
    outbound: Outbound,
    *,
    of: str,
    search: str | None = None,
    limit: int = 100,
) -> list[Branch]:
    found: list[Branch] = []
    cursor: str | None = None
    for _ in range(_ENOUGH):
        page = await hosting.list_branches(
            authorized=authorized,
            repository_id=of,
            default_branch="main",
            search=search,
            cursor=cursor,
            limit=limit,
            outbound=outbound,
        )
        assert isinstance(page, BranchPage), page
        assert len(page.branches) <= limit
        found.extend(page.branches)
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the list has no end")


async def read_entries(
    hosting: Hosting, authorized: Authorized, outbound: Outbound, *, of: str, path: str, ref: str = "main"
) -> list[tuple[str, bool]] | Failure:
    """Return the first page as (path, whether it is a directory)."""
    page = await hosting.list_entries(
        authorized=authorized, repository_id=of, ref=ref, path=path, cursor=None, limit=100, outbound=outbound
    )
    return [(one.path, one.is_directory) for one in page.entries] if isinstance(page, EntryPage) else page
