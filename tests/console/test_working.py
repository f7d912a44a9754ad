"""A worker that says how it goes: a real process, asked as Prometheus and a supervisor ask."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.console.test_web_server import RECORD, begin_slow_delivery
from tests.journeys.soaking import telling, until, until_none_waits
from tests.journeys.story import Story
from tests.journeys.test_burst import run_of
from tests.journeys.test_kills import served_beside_sandbox
from tests.processes import Service
from tests.telemetry.reading import read_samples, value_of

pytestmark = pytest.mark.processes


@pytest.fixture
async def story(database_url: str, tmp_path: Path) -> AsyncIterator[Story]:
    """A service that leaves the background work to others."""
    serving = ("--sandbox", "--no-background")
    async with served_beside_sandbox(tmp_path, database_url=database_url, serving=serving) as service, telling(service) as told:
        yield told


@pytest.fixture
async def worker(story: Story) -> AsyncIterator[Service]:
    place = story.service.beside(name="worker")
    await place.start_worker("--sandbox", "--port", str(place.port))
    yield place
    place.kill()


async def test_a_worker_with_a_port_tells_what_it_has_done_and_serves_nothing_else(story: Story, worker: Service) -> None:
    await story.add_sharing(name="Nightly", monitor="nightly")

    recorded = await story.admin.ask(RECORD, input=run_of("nightly", "first", "FAILED"))
    ids = [one["id"] for one in recorded["recordMonitorRun"]["deliveries"]]
    await until_none_waits(story.admin, ids, seconds=30)
    of_worker, of_service = [read_samples(await answer_of(place, "/metrics")) for place in (worker, story.service)]

    assert len(ids) == 1
    assert value_of(of_worker, "deliveries_total", outcome="DELIVERED") == 1
    assert value_of(of_worker, "process_starts_total") == 1
    assert value_of(of_service, "deliveries_total", outcome="DELIVERED") is None
    assert value_of(of_worker, "integrations", status="ACTIVE", reason="NONE") == 1
    assert await status_of(worker, "/healthz") == await status_of(worker, "/readyz") == 200
    assert [await status_of(worker, path) for path in ("/", "/graphql", "/sign-in", "/healthz/")] == [404] * 4


async def test_a_worker_that_is_told_to_stop_says_so_until_its_work_is_done(story: Story, worker: Service) -> None:
    delivery = await begin_slow_delivery(story, seconds=6)

    stopping = asyncio.create_task(asyncio.to_thread(worker.stop))
    await until(lambda: is_unready(worker), seconds=6)

    assert await stopping == 0
    assert await until_none_waits(story.admin, [delivery], seconds=1) == {delivery: "DELIVERED"}


async def test_a_worker_whose_port_is_taken_says_so_and_does_nothing(story: Story) -> None:
    taken = story.service.port

    answer = await asyncio.to_thread(story.service.attempt, "worker", "--sandbox", "--port", str(taken))

    assert (answer.returncode, answer.stdout) == (1, "")
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"127.0.0.1:{taken} cannot be listened on: Address already in use")


async def answer_of(place: Service, path: str) -> str:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{place.url}{path}")).raise_for_status().text


async def status_of(place: Service, path: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{place.url}{path}")).status_code


async def is_unready(place: Service) -> bool:
    return await status_of(place, "/readyz") == 503
