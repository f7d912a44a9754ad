"""What `scripts/bench` does: one process on the embedded database, callers who read and change, and how long they wait.

Other checkouts are measured in turn with this one, round after round, so that a machine that is busy is busy for all of them.
"""

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2

from tests import bench_deliveries
from tests.journeys.connecting import EVERYTHING
from tests.journeys.footprint import memory_of
from tests.journeys.soaking import UNLIMITED, say, telling
from tests.journeys.story import Story
from tests.journeys.test_early_completion import PAUSE, RESUME, add_quiet_integration
from tests.processes import Service

HERE = Path(__file__).parent.parent
CALLERS = 4
CHANGE_EVERY = 10
"""One answer in so many is a change's; what else is asked is all of a team's pages at once."""

WARM_UP_SECONDS = 5.0


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("checkouts", nargs="*", type=Path, help="other checkouts to compare this one with")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each is measured in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deliveries", action="store_true", help="how soon runs that are reported stand where they are posted")
    parser.add_argument("--workers", type=int, default=0, help="with --deliveries: so many worker processes beside the server")
    given = parser.parse_args(arguments)
    checkouts, rounds, seconds = [HERE, *given.checkouts], given.rounds, given.seconds
    if given.deliveries:
        asyncio.run(bench_deliveries.compare(checkouts, rounds=rounds, seconds=seconds, workers=given.workers))
    else:
        asyncio.run(compare(checkouts, rounds=rounds, seconds=seconds))


async def compare(checkouts: Sequence[Path], *, rounds: int, seconds: float) -> None:
    waits: defaultdict[Path, list[float]] = defaultdict(list)
    for number in range(rounds):
        for checkout in checkouts[:: 1 if number % 2 == 0 else -1]:
            with TemporaryDirectory() as folder:
                measured, memory = await measure(checkout, folder=Path(folder), seconds=seconds)
            waits[checkout] += measured
            say(f"{checkout}: {describe(measured, seconds=seconds)}, {memory:.0f} MiB")
    for checkout in checkouts:
        say(f"In all, {checkout}: {describe(waits[checkout], seconds=rounds * seconds)}")


async def measure(checkout: Path, *, folder: Path, seconds: float) -> tuple[list[float], float]:
    """Return how many seconds each answer took, and the process's memory at the end in MiB."""
    database = f"sqlite:///{folder / 'bench.sqlite3'}"
    service = Service(folder=folder, database_url=database, environment=UNLIMITED, checkout=checkout)
    await service.start("--sandbox")
    try:
        async with telling(service) as story:
            integration, _ = await add_quiet_integration(story)
            await _call(story, integration, seconds=WARM_UP_SECONDS)
            return await _call(story, integration, seconds=seconds), memory_of(service)
    finally:
        service.kill()


def describe(waits: Sequence[float], *, seconds: float) -> str:
    in_order = sorted(waits)
    shares = {"99 %": 0.99, "99.9 %": 0.999}
    within = ", ".join(f"{name} {in_order[int(share * len(in_order))] * 1000:.0f}" for name, share in shares.items())
    longest = in_order[-1] * 1000
    return f"{len(waits) / seconds:.1f} answers a second; ms: median {median(waits) * 1000:.0f}, {within}, longest {longest:.0f}"


async def _call(story: Story, integration: str, *, seconds: float) -> list[float]:
    waits: list[float] = []
    end, changes = time.monotonic() + seconds, cycle([PAUSE, RESUME])

    async def come() -> None:
        headers = {"authorization": f"Bearer {story.admin.token}"}
        async with httpx2.AsyncClient(trust_env=False, timeout=60, headers=headers) as client:
            while (begun := time.monotonic()) < end:
                if len(waits) % CHANGE_EVERY == 0:
                    asked = {"query": next(changes), "variables": {"id": integration}}
                else:
                    asked = {"query": EVERYTHING, "variables": {}}
                answer = await client.post(f"{story.service.url}/graphql", json=asked)
                assert "errors" not in answer.json(), answer.text
                waits.append(time.monotonic() - begun)

    await asyncio.gather(*(come() for _ in range(CALLERS)))
    return waits


if __name__ == "__main__":
    main(sys.argv[1:])
