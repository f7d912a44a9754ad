"""Whenever the server is killed, nothing that was answered with success is lost, and the story goes on."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.graphql.ids import decode_id
from app.sealing.keyring import make_keyring
from tests.callers import socket_to
from tests.databases import POSTGRES_URL
from tests.journeys.ledger import RECORD_WITH_INTEGRATIONS, Kept, Ledger
from tests.journeys.life import Life
from tests.journeys.renewing import renewing
from tests.journeys.soaking import (
    CUT_OFF,
    IS_SOAK,
    UNLIMITED,
    fresh_random,
    full,
    log_of,
    messages,
    say,
    statuses_of,
    telling,
    until,
    until_answers,
    until_none_waits,
)
from tests.journeys.starts import Starts
from tests.journeys.story import Story
from tests.journeys.test_burst import run_of
from tests.journeys.turning import Rotation
from tests.processes import Service

IS_EMBEDDED = not POSTGRES_URL
KILLS = full(140, ci=5) if IS_EMBEDDED else full(50, ci=3)
KILLS_OF_REFRESHES = full(80, ci=4) if IS_EMBEDDED else full(20, ci=2)
KILLS_OF_ROTATION = full(80, ci=5) if IS_EMBEDDED else full(20, ci=3)
"""With the 200 of an upgrade (tests/storage/test_upgrade.py) they are 500 on the embedded database."""

LONGEST_LIFE = full(3, ci=2)
LONGEST_START = 3.0
DYING_YOUNG = full(10, ci=0)
"""How many of the kills come while the server is starting."""

SHARE_OF_SERVER = 0.4
"""Of the kills in a rotation: the server's, and perhaps its command's too."""

ROUNDS = 3
"""So many rounds of renewals a life has at most."""

AT_A_TIME = 8
"""How many deliveries one process has in hand at most: so many may be posted twice by one kill."""

LEASES_END_SECONDS = 240.0

WATCH_ALL = "subscription ($after: String) { eventRecorded(after: $after) { sequence type cursor subjectId } }"
FIRST = "query { events(first: 1) { nodes { sequence type cursor subjectId } } }"


@pytest.mark.endurance
async def test_a_server_killed_at_any_moment_loses_nothing_that_it_answered_with_success(
    database_url: str, tmp_path: Path
) -> None:
    random, starts = fresh_random(), Starts()
    async with served_beside_sandbox(tmp_path, database_url=database_url) as service, telling(service) as story:
        life = Life(story, random)
        life.ledger.told = (await story.admin.ask(FIRST))["events"]["nodes"]
        listening = asyncio.create_task(listen(story, life.ledger))

        for number in range(KILLS):
            living = asyncio.create_task(life.live())
            await asyncio.wait([living], timeout=random.uniform(0, LONGEST_LIFE))
            service.kill()
            await living
            if number < DYING_YOUNG:
                await die_young(service, random)
            await starts.start(service, "--sandbox")
            assert_unharmed(database_url)
            await life.ledger.verify(story.admin)

        if IS_SOAK:
            await until_none_waits(story.admin, await living_deliveries(story, life.ledger), seconds=LEASES_END_SECONDS)
        await something_new_is_delivered(life)
        await until_told_all(story, life.ledger)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await life.ledger.verify(story.admin)
        twice = await assert_posted(service, life.ledger)
    starts.assert_short()
    say(
        f"kills: {KILLS} and {DYING_YOUNG} at the start; {life.steps} steps, {len(life.ledger.runs)} runs, "
        f"{len(life.ledger.told)} events, {len(life.ledger.delivered)} deliveries, "
        f"{twice} of them posted more than once; {starts}"
    )


@pytest.mark.endurance
async def test_a_server_killed_while_it_renews_tokens_gives_up_no_grant_that_works(database_url: str, tmp_path: Path) -> None:
    random, starts = fresh_random(), Starts()
    async with (
        served_beside_sandbox(tmp_path, database_url=database_url) as service,
        telling(service) as story,
        renewing(story, random) as renewal,
    ):
        for _ in range(KILLS_OF_REFRESHES):
            living = asyncio.create_task(renewal.live())
            await asyncio.wait([living], timeout=random.uniform(0, ROUNDS * renewal.seconds))
            service.kill()
            await living
            await renewal.until_provider_is_quiet()
            await starts.start(service, "--sandbox")
            assert_unharmed(database_url)
            await renewal.verify()
        opened = service.run("keys", "verify")
    starts.assert_short()
    assert opened.endswith("values opened")
    say(
        f"kills: {KILLS_OF_REFRESHES} among {renewal.renewed} renewals; {renewal.kept} grants were whole afterwards, "
        f"{renewal.lost} had lost their only tokens to the kill; {starts}"
    )


@pytest.mark.endurance
async def test_a_rotation_killed_at_any_moment_goes_on_and_all_that_was_sealed_opens(database_url: str, tmp_path: Path) -> None:
    random, starts = fresh_random(), Starts()
    async with served_beside_sandbox(tmp_path, database_url=database_url) as service, telling(service) as story:
        life, rotation = Life(story, random), Rotation(service, random)
        await rotation.begin()
        living = asyncio.create_task(life.live())

        while rotation.cut + len(starts.seconds) < KILLS_OF_ROTATION or not (rotation.cut and starts.seconds):
            stepping = asyncio.create_task(rotation.take_a_step())
            if random.random() < SHARE_OF_SERVER:
                await asyncio.wait([stepping], timeout=random.uniform(0, rotation.seconds))
                service.kill()
                await asyncio.gather(living, stepping)
                await starts.start(service, "--sandbox")
                assert_unharmed(database_url)
                await rotation.forget_the_dead()
                await life.ledger.verify(story.admin)
                living = asyncio.create_task(life.live())
            await stepping
            await rotation.verify()

        await rotation.complete()
        service.kill()
        await living
    starts.assert_short()
    assert left_beside(tmp_path / "keyring.json") == []
    say(
        f"kills: {rotation.cut} of commands and {len(starts.seconds)} of the server in a rotation; "
        f"{rotation.acknowledged} steps and {life.steps} changes were acknowledged; {starts}"
    )


@contextlib.asynccontextmanager
async def served_beside_sandbox(
    folder: Path,
    *,
    database_url: str,
    serving: Sequence[str] = ("--sandbox",),
    environment: Mapping[str, str] = UNLIMITED,
    **options: Any,
) -> AsyncIterator[Service]:
    """Yield a running service whose sandbox is a process of its own, and lives on; without a limit of points, unless told.

    `serving` is how its `serve` is started, `options` are the service's.
    """
    service = Service(folder=folder, database_url=database_url, environment=environment, **options)
    if not database_url.startswith("sqlite:"):
        make_keyring(folder / "keyring.json")
    command = [sys.executable, "-m", "app", "sandbox", "--port", str(service.sandbox_port)]
    with (folder / "sandbox.log").open("ab") as log:
        sandbox = subprocess.Popen(  # noqa: ASYNC220, S603 - our own command; it does not wait
            [*command, "--events-url", f"{service.url}/hooks/slack"], env=dict(os.environ), stdout=log, stderr=log
        )
    try:
        await until_answers(f"{service.sandbox_url}/control/state")
        await service.start(*serving)
        yield service
    finally:
        service.kill()
        sandbox.kill()
        sandbox.wait()


async def die_young(service: Service, random: Random) -> None:
    """Start the server, and kill it while it starts."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(random.uniform(0, LONGEST_START)):
            await service.start("--sandbox")
    service.kill()


def assert_unharmed(database_url: str) -> None:
    if database_url.startswith("sqlite:"):
        with contextlib.closing(sqlite3.connect(f"file:{database_url.removeprefix('sqlite:///')}?mode=ro", uri=True)) as opened:
            assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert opened.execute("PRAGMA foreign_key_check").fetchall() == []


def left_beside(keyring: Path) -> list[Path]:
    """Return what killed writers of the keyring have left there."""
    return list(keyring.parent.glob(f".{keyring.name}.*"))


async def listen(story: Story, ledger: Ledger) -> None:
    """Follow the log across all that happens to the server."""
    while True:
        try:
            async with socket_to(story.service.url, story.member.token) as socket:
                async for seen in socket.subscribe(WATCH_ALL, after=ledger.told[-1]["cursor"]):
                    ledger.told.append(seen["eventRecorded"])
        except CUT_OFF:
            await until_answers(f"{story.service.url}/readyz")


async def until_told_all(story: Story, ledger: Ledger) -> None:
    async def have_been_told() -> bool:
        return len(await log_of(story.admin)) <= len(ledger.told)

    await until(have_been_told, seconds=30)


async def living_deliveries(story: Story, ledger: Ledger) -> list[str]:
    known = await statuses_of(story.admin, list(ledger.deliveries))
    return [one for one, status in known.items() if status is not None]


async def something_new_is_delivered(life: Life) -> None:
    """What earlier processes left behind does not stand in the way of what is new."""
    story = life.story
    authorization = await story.sign_in_at_slack()
    added = Kept(name="At last", monitor="at-last", shares=False)
    using = {"authorization": {"authorizationId": authorization, "shareWithTeam": False}}
    channel = await story.channel(authorization, name="random")
    await story.add(story.admin, name=added.name, using=using, monitor=added.monitor, channel=channel)
    life.ledger.world = life.ledger.world.having(added)
    reported = run_of(added.monitor, "at-last", "PASSED")
    answer = (await story.admin.ask(RECORD_WITH_INTEGRATIONS, input=reported))["recordMonitorRun"]
    life.ledger.take_run(reported, answer)
    [delivery] = answer["deliveries"]
    assert await until_none_waits(story.admin, [delivery["id"]], seconds=30) == {delivery["id"]: "DELIVERED"}


async def assert_posted(service: Service, ledger: Ledger) -> int:
    """What is DELIVERED stands in Slack; return how many messages stand there more than once, which kills alone explain."""
    posted = [message["metadata"]["event_payload"]["delivery_id"] for message in await messages(service)]
    delivered = {str(decode_id(one, "Delivery")) for one in ledger.delivered}
    assert delivered <= set(posted)
    twice = len(posted) - len(set(posted))
    assert twice <= (KILLS + DYING_YOUNG) * AT_A_TIME
    return twice
