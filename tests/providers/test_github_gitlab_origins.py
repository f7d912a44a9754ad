"""S3-08: whatever a name, a link or a redirect says, a token goes to the grant's own server, below its API."""

from urllib.parse import unquote

import pytest

from app.providers.contract import Failure, Fault
from app.providers.hosting import RepositoryPage
from tests.providers.git_servers import ASKS, GITHUB, GITLAB, Ask, Kind, WatchedOutbound, segments_of
from tests.providers.hostile_names import ELSEWHERE, HOSTILE
from tests.providers.scripted import ACCESS_TOKEN, Asked, Wire, door_to, http, scripted

every_kind = pytest.mark.parametrize("kind", [GITHUB, GITLAB], ids=["github", "gitlab"])
every_ask = pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.__name__)
GITHUBS_REPOSITORY = {
    "name": "payments-api",
    "full_name": "acme/payments-api",
    "owner": {"login": "acme"},
    "html_url": "https://git.example/acme/payments-api",
}
GITLABS_PROJECT = {
    "id": 42,
    "path": "payments-api",
    "path_with_namespace": "acme/payments-api",
    "namespace": {"full_path": "acme"},
    "web_url": "https://git.example/acme/payments-api",
}


def refuse(asked: Asked) -> Wire:
    del asked
    return http({"message": "404 Not Found"}, status=404)


def test_there_are_enough_names() -> None:
    assert len(set(HOSTILE)) >= 60


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
    repository = GITHUBS_REPOSITORY if kind is GITHUB else GITLABS_PROJECT

    def answer(asked: Asked) -> Wire:
        there = f"http://{asked.headers['host']}"
        return http([repository], headers={"Link": f'<{link.format(origin=there)}>; rel="next"'})

    async with scripted(answer) as there:
        outbound = WatchedOutbound(port=there.port)

        page = await kind.hosting.list_repositories(
            authorized=there.authorized(), search=None, cursor=None, limit=20, outbound=outbound
        )

        await outbound.aclose()
    assert isinstance(page, Failure)
    assert page.fault is Fault.BROKEN
    assert len(there.asked) == 1


@every_kind
async def test_a_link_within_the_api_gives_its_page_and_nothing_else(kind: Kind) -> None:
    repository = GITHUBS_REPOSITORY if kind is GITHUB else GITLABS_PROJECT
    query = f"{kind.page}=7&access_token=evil&per_page=1&membership=false&sort=evil&q=evil"

    def answer(asked: Asked) -> Wire:
        address = f"http://{asked.headers['host']}{kind.api}/elsewhere?{query}"
        more = {"Link": f'<{address}>; rel="next", <{address}>; rel="last"'}
        return http([repository], headers={} if f"{kind.page}=7" in asked.target else more)

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
    assert "per_page=20" in there.asked[1].target


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
    assert "moved or was renamed" in outcome.words
    assert len(there.asked) == 1
