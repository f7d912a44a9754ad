"""What the long-running journeys share: how much they do, the randomness that they print, and a story that begins quickly.

SOAK=1 runs them with the full counts. SEED=… repeats a run's random choices.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx2
import pytest
import websockets

from app.access.callers import Role
from app.teams import console
from tests.callers import Api
from tests.databases import POSTGRES_URL
from tests.journeys.story import ADMIN, MEMBER, TEAM, Story
from tests.processes import Service
from tests.services import services_beside

JSON = dict[str, Any]

IS_SOAK = os.environ.get("SOAK") == "1"
CUT_OFF = (websockets.WebSocketException, httpx2.TransportError, OSError, EOFError)
"""What a caller meets when its connection, or the server, is gone."""

UNLIMITED = {f"INSTALLED_APPS_{whose}RATE_LIMIT_PER_MINUTE": "0" for whose in ("", "TEAM_")}
"""The settings of a service that answers as fast as it can, whoever asks."""

READY_SECONDS = 60.0

LOG = """
query ($after: String) {
  events(first: 100, after: $after) { nodes { sequence type cursor subjectId } pageInfo { hasNextPage endCursor } }
}"""
DELIVERIES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Delivery { status } } }"

_AT_ONCE = 100


ONCE = pytest.mark.skipif(
    not (POSTGRES_URL or IS_SOAK), reason="the database changes nothing here: on SQLite it is scripts/soak's"
)
"""Marks what takes long and is of no one database: with the small counts it runs on PostgreSQL alone."""


def full(soak: int, *, ci: int) -> int:
    """Return how often to do something: `soak` times with SOAK=1, else `ci` times."""
    return soak if IS_SOAK else ci


def fresh_random() -> Random:
    """Return randomness whose seed stands in the test's output."""
    seed = os.environ.get("SEED") or str(secrets.randbits(32))
    say(f"SEED={seed}")
    return Random(seed)  # noqa: S311 - choices of a test, which have to be repeatable


def say(figures: str) -> None:
    sys.stdout.write(f"{figures}\n")


@asynccontextmanager
async def telling(service: Service) -> AsyncIterator[Story]:
    """Yield the story of a running service. (Through the command line it would begin five processes later.)"""
    async with services_beside(service) as services:
        await console.create_team(name=TEAM, admin_name="Ada", admin_email=ADMIN, services=services)
        await console.add_member(team=TEAM, name="Ben", email=MEMBER, role=Role.MEMBER, services=services)
        tokens = [
            await console.create_token(team=TEAM, email=who, scopes=(), days=None, services=services) for who in (ADMIN, MEMBER)
        ]
        link = await console.make_sign_in_link(team=TEAM, email=ADMIN, services=services)
    admin, member = (Api(service.url, token.reveal()) for token in tokens)
    story = Story(service, admin, member)
    try:
        page = await story.browser.submit(await story.browser.open(link.reveal()))
        assert page.status == httpx2.codes.OK, page
        yield story
    finally:
        await story.browser.close()


async def ask_at_once(api: Api, operation: str, variables: Sequence[JSON]) -> list[JSON]:
    """Send the operation with each of the variables at the same time, each over a connection of its own; return each `data`."""
    headers = {"authorization": f"Bearer {api.token}"}
    async with httpx2.AsyncClient(trust_env=False, timeout=60, limits=httpx2.Limits(), headers=headers) as client:
        responses = await asyncio.gather(
            *(client.post(f"{api.url}/graphql", json={"query": operation, "variables": each}) for each in variables)
        )
    answers = [response.json() for response in responses]
    assert [answer for answer in answers if "errors" in answer] == []
    return [answer["data"] for answer in answers]


async def log_of(api: Api, *, after: str | None = None) -> list[JSON]:
    """Return the activity log behind a cursor."""
    rows: list[JSON] = []
    while True:
        page = (await api.ask(LOG, after=after))["events"]
        rows.extend(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]


def assert_no_gap(log: Sequence[JSON], *, begins: int = 1) -> None:
    assert [event["sequence"] for event in log] == list(range(begins, begins + len(log)))


async def statuses_of(api: Api, deliveries: Sequence[str]) -> dict[str, str | None]:
    """Return the deliveries' statuses; None for one that is not found."""
    found: dict[str, str | None] = dict.fromkeys(deliveries)
    for start in range(0, len(deliveries), _AT_ONCE):
        nodes = (await api.ask(DELIVERIES, ids=list(deliveries[start : start + _AT_ONCE])))["nodes"]
        found |= {node["id"]: node["status"] for node in nodes if node is not None}
    return found


async def until_none_waits(api: Api, deliveries: Sequence[str], *, seconds: float) -> dict[str, str | None]:
    """Return the deliveries' statuses once all of them have ended."""

    async def have_ended() -> bool:
        return not {"PENDING", "RETRYING"} & set((await statuses_of(api, deliveries)).values())

    await until(have_ended, seconds=seconds)
    return await statuses_of(api, deliveries)


async def messages(service: Service) -> list[JSON]:
    """Return every message that stands in the sandbox's workspaces, oldest first."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        found: list[JSON] = (await client.get(f"{service.sandbox_url}/control/state")).json()["messages"]
    return found


async def until_answers(url: str) -> None:
    """Wait until somebody answers there with success."""
    async with httpx2.AsyncClient(trust_env=False) as client:

        async def does_answer() -> bool:
            try:
                return (await client.get(url)).status_code == httpx2.codes.OK
            except httpx2.TransportError:
                return False

        await until(does_answer, seconds=READY_SECONDS)


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
    """Wait until the condition holds; TimeoutError when it does not within so many seconds."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.05)
