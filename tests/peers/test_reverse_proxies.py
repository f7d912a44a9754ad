"""The whole story through each proxy as docs/networks.md prints it: on a host of its own, and below a path."""

import asyncio
import hashlib
import hmac
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from app.graphql.transport.event_streams import HEARTBEAT_SECONDS
from app.sandbox.slack_app import SIGNING_SECRET
from tests.journeys.story import ADD, ADMIN, AUTHORIZATION, BEGIN, WORKSPACE
from tests.peers import javascript
from tests.peers.processes import need
from tests.peers.proxied import CLIENT, Public, Visitor, create_team, starting, visiting
from tests.peers.reverse_proxies import REVERSE_PROXIES, WAYS, printed, running
from tests.processes import Service

pytestmark = pytest.mark.processes

WHO = "{ viewer { member { name } } providers { key callbackUrl } eventCursor }"
ADD_MEMBER = """
mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { inviteUrl userErrors { message } } }"""
ASSETS = re.compile(r"""(?:href|src|action)="([^"]*)\"""")
PING_SECONDS = 20.0
"""As uvicorn pings a WebSocket unless it is told otherwise."""


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with starting(tmp_path_factory.mktemp("hosted"), path="") as public:
        yield public


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    """The same service for a proxy that keeps the path and for one that takes it away."""
    with starting(tmp_path_factory.mktemp("below"), path="/installed-apps") as public:
        yield public


@pytest.mark.parametrize("name", REVERSE_PROXIES)
async def test_on_a_host_of_its_own_the_whole_story_is_told_through_the_proxy(hosted: Public, tmp_path: Path, name: str) -> None:
    with running(REVERSE_PROXIES[name], way=WAYS[0], place=hosted.place(tmp_path)):
        await tell_the_whole_story(hosted, team=name)


@pytest.mark.parametrize("way", WAYS[1:])
@pytest.mark.parametrize("name", REVERSE_PROXIES)
async def test_below_a_path_the_whole_story_is_told_through_the_proxy(below: Public, tmp_path: Path, name: str, way: str) -> None:
    with running(REVERSE_PROXIES[name], way=way, place=below.place(tmp_path)):
        await tell_the_whole_story(below, team=f"{name}, {way}")


@pytest.mark.parametrize("name", REVERSE_PROXIES)
async def test_below_a_path_that_is_taken_away_graphiql_asks_and_listens_in_chromium(
    programs: Path, below: Public, tmp_path: Path, name: str
) -> None:
    chromium = shutil.which("chromium")
    need(installed=chromium is not None, reason="Chromium is not installed: tests/peers/install")
    link = await create_team(below, team=f"Chromium, {name}")

    with running(REVERSE_PROXIES[name], way="taken away", place=below.place(tmp_path)):
        told = await asyncio.to_thread(javascript.run, programs, "graphiql.mjs", str(chromium), link, below.url)

    assert (told["refused"], told["wrong"]) == ([], [])
    assert told["account"] == f"Ada ({ADMIN}), ADMIN of Chromium, {name}"
    assert told["cookies"] == [{"name": "__Secure-installed_apps_session", "path": below.path, "secure": True, "httpOnly": True}]
    assert told["sockets"] == [f"{below.url.replace('http', 'ws', 1)}/graphql"]
    assert (told["heard"], told["left"]) == (["eventRecorded"], 0)


async def tell_the_whole_story(public: Public, *, team: str) -> None:
    async with visiting(public, team=team) as visitor:
        assert_cookie_is_kept_to(public.path, visitor)
        await assert_every_asset_is_there(visitor)
        await assert_changes_are_heard(visitor)
        await assert_an_app_is_added_at_slack(visitor)
        await assert_slack_is_heard(visitor)
        await assert_what_watches_is_answered(visitor)
        await assert_one_can_leave(visitor)
    assert_log_names_routes(public.service)


def assert_cookie_is_kept_to(path: str, visitor: Visitor) -> None:
    [cookie] = visitor.browser.client.cookies.jar

    prefix = "__Secure-" if path else "__Host-"
    assert (cookie.name, cookie.path, cookie.secure) == (f"{prefix}installed_apps_session", path or "/", True)


async def assert_every_asset_is_there(visitor: Visitor) -> None:
    """The pages' own addresses, and those that their files name, all lead below the path and are there."""
    pages = await visitor.browser.client.get(f"{visitor.public_url}/")
    own = {urljoin(f"{visitor.public_url}/", each) for each in ASSETS.findall(pages.text) if each.startswith("./")}
    assert len(own) >= 2
    home = await visitor.browser.client.get(f"{visitor.public_url}/graphql")
    named = [unescape(address) for address in ASSETS.findall(home.text) if not address.startswith("data:")]
    of_the_bundle = [f"graphiql/{worker}.worker.js" for worker in ("editor", "graphql", "json")] + ["graphiql/codicon.ttf"]
    assert len(named) == 5
    of_graphiql = {urljoin(str(home.url), each) for each in [*named, *of_the_bundle]} - {f"{visitor.public_url}/sign-out"}
    for address in own | of_graphiql:
        answer = await visitor.browser.client.get(address)
        assert (address, answer.status_code) == (address, httpx2.codes.OK)
        assert address.startswith(f"{visitor.public_url}/")
    outside = await visitor.browser.client.get(f"{visitor.origin}{urlsplit(visitor.public_url).path or '/a'}-2/graphql")
    assert "GraphiQL" not in outside.text


async def assert_changes_are_heard(visitor: Visitor) -> None:
    """A change made by the session is heard over a WebSocket and over an event stream, with the browser's own address."""
    seen = await visitor.ask(WHO)
    assert seen["viewer"]["member"]["name"] == "Ada"
    assert {"key": "slack", "callbackUrl": f"{visitor.public_url}/callback/slack"} in seen["providers"]
    expected = {"type": "TEAM_MEMBER_ADDED", "origin": {"address": CLIENT}}
    async with visitor.listening() as lines:
        person = {"name": "Ben", "email": "ben@example.com", "role": "MEMBER"}
        added = (await visitor.ask(ADD_MEMBER, input=person))["addTeamMember"]
        streamed = [json.loads(line.removeprefix("data: ")) async for line in _until_data(lines)]

    assert streamed[-1]["data"]["eventRecorded"] == expected
    assert added["inviteUrl"].startswith(f"{visitor.public_url}/sign-in/")
    assert await visitor.hear(seen["eventCursor"]) == expected


async def _until_data(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        if line.startswith("data: "):
            yield line
            return


async def assert_an_app_is_added_at_slack(visitor: Visitor) -> None:
    begun = (await visitor.ask(BEGIN, input={"purpose": {"provider": "slack"}}))["beginAuthorization"]["authorization"]
    assert begun["startUrl"].startswith(f"{visitor.public_url}/authorize/")
    stranger = await visitor.browser.client.get(begun["startUrl"], headers={"cookie": ""})
    assert stranger.headers["location"] == f"{visitor.public_url}/sign-in?next=/authorize/{begun['startUrl'].rpartition('/')[2]}"
    consent = await visitor.browser.submit(await visitor.browser.open(begun["startUrl"]))
    back = await visitor.browser.submit(consent, workspace=WORKSPACE, decision="approve")
    assert back.url.startswith(f"{visitor.public_url}/callback/slack?")
    assert "is connected" in back.text

    seen = (await visitor.ask(AUTHORIZATION, id=begun["id"]))["authorization"]
    using = {"authorization": {"authorizationId": begun["id"], "shareWithTeam": True}}
    settings = {"monitorKey": "checkout", "channelId": seen["channels"]["nodes"][0]["id"], "notify": "ALL_RUNS"}
    asked = {"name": "Checkout", "using": using, "settings": {"postMonitoringResults": settings}}
    added = (await visitor.ask(ADD, input=asked))["addIntegration"]

    assert (added["userErrors"], added["integration"]["status"]) == ([], "ACTIVE")
    assert added["installedApp"]["name"]


async def assert_slack_is_heard(visitor: Visitor) -> None:
    body, now = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}), str(int(time.time()))
    signature = hmac.new(SIGNING_SECRET.encode(), f"v0:{now}:{body}".encode(), hashlib.sha256).hexdigest()

    answer = await visitor.browser.client.post(
        f"{visitor.public_url}/hooks/slack",
        content=body,
        headers={"X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={signature}", "content-type": "application/json"},
    )

    assert (answer.status_code, "3eZbrw1aB" in answer.text) == (httpx2.codes.OK, True)


async def assert_what_watches_is_answered(visitor: Visitor) -> None:
    answers = [await visitor.browser.client.get(f"{visitor.public_url}/{name}") for name in ("healthz", "readyz", "metrics")]

    assert [answer.status_code for answer in answers] == [200, 200, 403]  # metrics are for this machine, and not by a proxy


async def assert_one_can_leave(visitor: Visitor) -> None:
    left = await visitor.browser.client.post(f"{visitor.public_url}/sign-out", headers={"origin": visitor.origin})

    assert left.headers["location"] == f"{visitor.public_url}/sign-in"
    assert list(visitor.browser.client.cookies.jar) == []


def assert_log_names_routes(service: Service) -> None:
    routes = {json.loads(line).get("route") for line in service.log.read_text().splitlines() if line.startswith("{")}

    assert {"/graphql", "/sign-in/{secret}", "/authorize/{ticket}", "/callback/{rest:path}", "/hooks/{provider}"} <= routes


def test_the_proxies_of_the_docs_wait_longer_than_what_is_sent_meanwhile_and_no_line_of_theirs_is_untried() -> None:
    blocks = {name: printed(proxy.language) for name, proxy in REVERSE_PROXIES.items()}
    text = "".join(blocks["nginx"] + blocks["HAProxy"])
    waits = re.findall(r"proxy_read_timeout (\d+)s|timeout (?:client|server) (\d+)s", text)

    assert {name: len(found) for name, found in blocks.items()} == dict.fromkeys(REVERSE_PROXIES, len(WAYS))
    assert len(waits) == 3
    assert min(int(one or other) for one, other in waits) > max(PING_SECONDS, HEARTBEAT_SECONDS)
