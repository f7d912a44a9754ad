"""S3-08: whatever a name, a link or a redirect says, a token goes to the grant's own server, below its API."""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import unquote

import pytest

from app.outbound import Outbound
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, Fault
from app.providers.hosting import BranchPage, EntryPage, RepositoryPage
from tests.providers.git_servers import ASKS, GITHUB, KINDS, Ask, Kind, WatchedOutbound, segments_of
from tests.providers.hostile_names import ELSEWHERE, HOSTILE
from tests.providers.scripted import ACCESS_TOKEN, Asked, Wire, door_to, http, scripted

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.provider.key)
every_ask = pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.__name__)

Paged = Callable[[Kind, Authorized, Outbound, str | None], Awaitable[tuple[Sequence[object], str | None]]]


async def list_repositories(
    kind: Kind, authorized: Authorized, outbound: Outbound, cursor: str | None, *, search: str | None = None
) -> tuple[Sequence[object], str | None]:
    page = await kind.hosting.list_repositories(authorized=authorized, search=search, cursor=cursor, limit=20, outbound=outbound)
    assert isinstance(page, RepositoryPage), page
    return page.repositories, page.next_cursor


async def search_repositories(
    kind: Kind, authorized: Authorized, outbound: Outbound, cursor: str | None
) -> tuple[Sequence[object], str | None]:
    return await list_repositories(kind, authorized, outbound, cursor, search="pay")


async def list_branches(
    kind: Kind, authorized: Authorized, outbound: Outbound, cursor: str | None, *, search: str | None = None
) -> tuple[Sequence[object], str | None]:
    page = await kind.hosting.list_branches(
        authorized=authorized,
        repository_id=kind.repository_id,
        default_branch="main",
        search=search,
        cursor=cursor,
        limit=20,
        outbound=outbound,
    )
    assert isinstance(page, BranchPage), page
    return page.branches, page.next_cursor


async def search_branches(
    kind: Kind, authorized: Authorized, outbound: Outbound, cursor: str | None
) -> tuple[Sequence[object], str | None]:
    return await list_branches(kind, authorized, outbound, cursor, search="ma")


async def list_entries(
    kind: Kind, authorized: Authorized, outbound: Outbound, cursor: str | None
) -> tuple[Sequence[object], str | None]:
    page = await kind.hosting.list_entries(
        authorized=authorized,
        repository_id=kind.repository_id,
        ref="main",
        path="",
        cursor=cursor,
        limit=20,
        outbound=outbound,
    )
    assert isinstance(page, EntryPage), page
    return page.entries, page.next_cursor


ASKED_IN_PAGES: tuple[Paged, ...] = (list_repositories, search_repositories, list_branches, search_branches, list_entries)
PAGED = tuple((kind, ask) for kind in KINDS for ask in ASKED_IN_PAGES if ask.__name__ in kind.lists)
every_paged = pytest.mark.parametrize(("kind", "ask"), PAGED, ids=[f"{kind.provider.key} {ask.__name__}" for kind, ask in PAGED])


def refuse(asked: Asked) -> Wire:
    del asked
    return http({"message": "404 Not Found"}, status=404)


def test_there_are_enough_names() -> None:
    assert len(set(HOSTILE)) >= 60


def test_every_git_server_of_the_catalogue_is_tried() -> None:
    assert {kind.provider.key for kind in KINDS} == {key for key, provider in CATALOGUE.items() if provider.hosting is not None}


@every_kind
@every_ask
async def test_no_name_leads_a_token_out_of_the_api(kind: Kind, ask: Ask) -> None:
    async with scripted(refuse) as there:
        outbound = WatchedOutbound(port=there.port)

        for name in HOSTILE:
            await ask(kind, there.authorized(), outbound, name)

        await outbound.aclose()
    assert all(url == origin == there.url for url, origin in outbound.origins)
    assert len(outbound.origins) == len(there.asked)
    for asked in there.asked:
        assert asked.target.startswith(f"{kind.api}/")
        assert asked.headers["authorization"] == f"Bearer {ACCESS_TOKEN}"
        assert asked.headers["host"] == there.url.removeprefix("http://")
        assert "x-injected" not in asked.headers
        assert not {"", ".", ".."} & {unquote(segment) for segment in segments_of(asked)[1:]}


@every_kind
@pytest.mark.parametrize("link", ELSEWHERE)
async def test_no_link_leads_a_token_out_of_the_api(kind: Kind, link: str) -> None:
    def answer(asked: Asked) -> Wire:
        there = f"http://{asked.headers['host']}"
        return http(kind.lists["list_repositories"], headers={"Link": f'<{link.format(origin=there)}>; rel="next"'})

    async with scripted(answer) as there:
        outbound = WatchedOutbound(port=there.port)

        page = await kind.hosting.list_repositories(
            authorized=there.authorized(), search=None, cursor=None, limit=20, outbound=outbound
        )
        if isinstance(page, RepositoryPage):
            await kind.hosting.list_repositories(
                authorized=there.authorized(), search=None, cursor=page.next_cursor, limit=20, outbound=outbound
            )

        await outbound.aclose()
    names_a_page = any(f"{name}=" in link for name in kind.paged_by)
    assert isinstance(page, RepositoryPage) is names_a_page
    assert len(there.asked) == 1 + names_a_page
    assert all(url == origin == there.url for url, origin in outbound.origins)
    assert all(asked.target.startswith(f"{kind.repositories}?") for asked in there.asked)


@every_paged
async def test_a_server_behind_a_proxy_that_ends_tls_is_paged_at_our_own_address(kind: Kind, ask: Paged) -> None:
    """It links to the name and the scheme that it knows itself by."""
    answered = kind.lists[ask.__name__]

    def answer(asked: Asked) -> Wire:
        path, _, query = asked.target.partition("?")
        more = {"Link": f'<http://git.internal:8080{path}?{kind.page}=7&{kind.size}=20>; rel="next"'}
        return http(answered, headers={} if f"{kind.page}=7" in query else more)

    async with scripted(answer) as there, door_to(there) as outbound:
        first, cursor = await ask(kind, there.authorized(), outbound, None)
        second, end = await ask(kind, there.authorized(), outbound, cursor)

    assert (len(first), len(second), end) == (1, 1, None)
    assert cursor == f"{kind.page}=7&size=20&skip=0"
    assert [asked.headers["host"] for asked in there.asked] == [there.url.removeprefix("http://")] * 2


@every_kind
async def test_a_link_within_the_api_gives_its_page_and_nothing_else(kind: Kind) -> None:
    query = f"{kind.page}=7&access_token=evil&{kind.size}=1&membership=false&sort=evil&q=evil"

    def answer(asked: Asked) -> Wire:
        address = f"http://{asked.headers['host']}{kind.api}/elsewhere?{query}"
        more = {"Link": f'<{address}>; rel="next", <{address}>; rel="last"'}
        return http(kind.lists["list_repositories"], headers={} if f"{kind.page}=7" in asked.target else more)

    async with scripted(answer) as there, door_to(there) as outbound:
        first = await kind.hosting.list_repositories(
            authorized=there.authorized(), search=None, cursor=None, limit=20, outbound=outbound
        )
        assert isinstance(first, RepositoryPage)
        second = await kind.hosting.list_repositories(
            authorized=there.authorized(), search=None, cursor=first.next_cursor, limit=20, outbound=outbound
        )

    assert first.next_cursor == f"{kind.page}=7&size=20&skip=0"
    assert isinstance(second, RepositoryPage)
    assert second.next_cursor is None
    assert there.asked[1].target.startswith(f"{kind.repositories}?")
    assert "evil" not in there.asked[1].target
    assert f"{kind.size}=20" in there.asked[1].target


@every_kind
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(kind: Kind, status: int) -> None:
    for location in ELSEWHERE:
        async with scripted(lambda _, to=location: http(status=status, headers={"Location": to})) as there:  # type: ignore[misc]
            outbound = WatchedOutbound(port=there.port)

            outcome = await kind.hosting.find_repository(
                authorized=there.authorized(), repository_id=kind.repository_id, outbound=outbound
            )

            await outbound.aclose()
        assert len(there.asked) == 1
        assert isinstance(outcome, Failure)
        assert outcome.fault is Fault.BROKEN


@every_kind
async def test_what_has_moved_within_the_server_is_gone_and_says_so(kind: Kind) -> None:
    def answer(asked: Asked) -> Wire:
        return http(status=301, headers={"Location": f"http://{asked.headers['host']}{kind.api}/repositories/7"})

    async with scripted(answer) as there, door_to(there) as outbound:
        outcome = await kind.hosting.find_repository(
            authorized=there.authorized(), repository_id=kind.repository_id, outbound=outbound
        )

    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.TARGET_GONE
    assert "moved or was renamed" in outcome.message
    assert len(there.asked) == 1


@pytest.mark.parametrize("name", ["https://git.internal", "http://10.0.0.7:8080"])
async def test_what_was_renamed_is_gone_also_where_the_server_has_another_name_for_itself(name: str) -> None:
    async with (
        scripted(lambda _: http(status=301, headers={"Location": f"{name}/api/v3/repositories/7"})) as there,
        door_to(there) as outbound,
    ):
        outcome = await GITHUB.hosting.find_repository(
            authorized=there.authorized(), repository_id=GITHUB.repository_id, outbound=outbound
        )

    assert isinstance(outcome, Failure)
    assert (outcome.fault, "moved or was renamed" in outcome.message) == (Fault.TARGET_GONE, True)
