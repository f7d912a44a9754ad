"""PostgreSQL goes away under a serving process and comes back: what each client sees, and that all heals by itself."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests import databases
from tests.callers import JSON, Socket, socket_to
from tests.faults.before_postgres import through_proxy
from tests.faults.proxy import BlackHole, Proxy, Refuse
from tests.faults.undoing import undoing
from tests.journeys.story import EVENTS, Story
from tests.journeys.test_git_story import test_two_members_connect_apis_lose_a_server_and_come_back as tell_git_story
from tests.journeys.test_slack_story import (
    test_results_of_a_real_newman_run_arrive_in_slack_until_the_app_is_deleted_and_again_after as tell_slack_story,
)
from tests.processes import Service, serving

pytestmark = [pytest.mark.processes, pytest.mark.skipif(not databases.POSTGRES_URL, reason="this run is SQLite's")]

WATCH = "subscription ($after: String) { eventRecorded(after: $after) { sequence type } }"
CREATE_TOKEN = "mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { userErrors { message } } }"
SIGNING_SECRET = "sandbox-slack-signing-secret"
"""The sandbox's, as the contract has it."""


@asynccontextmanager
async def behind_proxy(database_url: str, folder: Path) -> AsyncIterator[tuple[Proxy, Service]]:
    async with through_proxy(database_url) as (proxy, url), serving(folder, database_url=url) as service:
        yield proxy, service


async def test_everyone_is_told_in_their_own_way_and_hears_everything_afterwards(database_url: str, tmp_path: Path) -> None:
    async with behind_proxy(database_url, tmp_path) as (proxy, service):
        story = await Story.begin(service)
        end = (await story.admin.ask("{ eventCursor }"))["eventCursor"]  # from now on would be from whenever it begins
        async with socket_to(service.url, story.admin.token) as socket:
            await socket.begin(WATCH, after=end)
            await change_something(story)
            assert await numbers(socket, 1) == [await newest(story)]

            proxy.impose(Refuse())
            proxy.cut()
            await all_say_unavailable(story)
            assert await said_on(socket, "query { integrations(first: 1) { totalCount } }") == "UNAVAILABLE"
            proxy.heal()

            reached = time.monotonic()
            await change_something(story)
            assert time.monotonic() - reached < 5
            assert await numbers(socket, 1) == [await newest(story)]
        await story.browser.close()


async def test_a_network_that_swallows_everything_holds_up_nobody_who_asks_whether_the_service_is_ready(
    database_url: str, tmp_path: Path
) -> None:
    async with behind_proxy(database_url, tmp_path) as (proxy, service), httpx2.AsyncClient(trust_env=False) as client:
        proxy.impose(BlackHole())
        asked = time.monotonic()
        away = await client.get(f"{service.url}/readyz", timeout=10)
        took = time.monotonic() - asked
        alive = await client.get(f"{service.url}/healthz", timeout=10)
        proxy.heal()
        async with asyncio.timeout(30):
            while (await client.get(f"{service.url}/readyz", timeout=10)).status_code != 200:
                pass

        assert (away.status_code, alive.status_code) == (503, 200)
        assert took < 4


async def test_a_command_that_cannot_reach_the_database_says_so_in_one_line(database_url: str, tmp_path: Path) -> None:
    async with behind_proxy(database_url, tmp_path) as (proxy, service):
        proxy.impose(Refuse())
        proxy.cut()

        commands = (("team", "list"), ("migrate",), ("worker",))
        answers = await asyncio.gather(*(asyncio.to_thread(service.attempt, *command) for command in commands))

        assert [answer.returncode for answer in answers] == [78, 78, 78]
        said = [answer.stderr.splitlines() for answer in answers]
        assert [lines[-1].partition(":")[0] for lines in said] == ["INSTALLED_APPS_DATABASE_URL"] * 3
        assert [len(lines) for lines in said[:2]] == [1, 1]  # a worker has logged before


@pytest.mark.endurance
async def test_the_whole_story_at_slack_where_the_server_undoes_every_second_transaction(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(tmp_path, database_url=database_url) as service, undoing(database_url) as operator:
        story = await Story.begin(service)
        await tell_slack_story(story)
        await story.browser.close()
        service.kill()

        assert await operator.fetchval("SELECT last_value FROM undoing") > 50


@pytest.mark.endurance
async def test_the_whole_story_at_git_servers_where_the_server_undoes_every_second_transaction(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(tmp_path, database_url=database_url) as service, undoing(database_url) as operator:
        story = await Story.begin(service)
        await tell_git_story(story)
        await story.browser.close()
        service.kill()

        assert await operator.fetchval("SELECT last_value FROM undoing") > 50


async def all_say_unavailable(story: Story) -> None:
    url, token = story.service.url, story.admin.token
    async with httpx2.AsyncClient(trust_env=False, timeout=30, base_url=url) as client:
        asked = await client.post("/graphql", json={"query": EVENTS}, headers={"authorization": f"Bearer {token}"})
        assert (asked.status_code, asked.headers["retry-after"]) == (503, "2")
        assert asked.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}

        client.cookies = story.browser.client.cookies
        for path in (f"/sign-in/{'a' * 43}", f"/authorize/{'a' * 43}", "/callback/slack?code=a&state=" + "a" * 43):
            page = await client.get(path)
            assert (page.status_code, page.headers["retry-after"]) == (503, "2"), path
            assert "away" in page.text

        hook = await client.post(
            "/hooks/slack", **signed({"type": "event_callback", "team_id": "T0ACME001", "event": UNINSTALLED})
        )
        assert hook.status_code == 503
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200


UNINSTALLED: JSON = {"type": "app_uninstalled"}


def signed(event: JSON) -> JSON:
    body, at = json.dumps({**event, "event_id": "Ev1", "event_time": 1}), str(int(time.time()))
    digest = hmac.new(SIGNING_SECRET.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"content": body, "headers": {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={digest}"}}


async def change_something(story: Story) -> None:
    """Make one change, which is one event."""
    made = await story.admin.ask(CREATE_TOKEN, input={"name": "Another", "scopes": ["READ"]})
    assert made["createAccessToken"]["userErrors"] == []


async def numbers(socket: Socket, count: int) -> list[int]:
    heard: list[int] = []
    async with asyncio.timeout(20):
        while len(heard) < count:
            message = await socket.receive()
            if message["type"] == "complete":
                continue  # of the other operation on this socket
            assert message["type"] == "next", message
            heard.append(message["payload"]["data"]["eventRecorded"]["sequence"])
    return heard


async def newest(story: Story) -> int:
    return int((await story.events())[-1]["sequence"])


async def said_on(socket: Socket, operation: str) -> str:
    number = await socket.begin(operation)
    async with asyncio.timeout(20):
        while (message := await socket.receive())["id"] != number:
            pass
    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    return str(errors[0]["extensions"]["code"])
