"""How soon a run that is reported stands where it is posted, and how many a second.

Of each checkout: runs reported one at a time, so that nothing waits; then as fast as they are taken, until the last one is
delivered; where there are workers, a backlog that gathered while they were halted; then as fast as they are taken again, in
pairs of short phases: while one of the addresses answers eight seconds late, and while none does. Of those pairs the others'
deliveries count alone. The sandbox that receives them is a process of its own: what it takes is nobody's of ours.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import orjson

from app.sandbox.webhook import SIGNING_SECRET
from tests import databases
from tests.bench.figures import Report, Series
from tests.bench.pages import request_of
from tests.bench.servers import Connection
from tests.journeys.soaking import UNLIMITED, say
from tests.journeys.statements import run_statement
from tests.journeys.story import RECORD, Story
from tests.processes import Service, make_keyring_in

HERE = Path(__file__).parent.parent.parent
ADDRESSES = 100
AT_ONCE = 8
SLOW_SECONDS = 8
PAIRS = 7
PATIENCE_SECONDS = 120.0

SHARE = """
mutation ($input: AddInstalledAppInput!) { addInstalledApp(input: $input) { installedApp { id } userErrors { message } } }"""

WAITS = """
SELECT run.recorded_at, attempt.at, attempt.duration_ms FROM delivery_attempt AS attempt
JOIN delivery ON delivery.id = attempt.delivery_id JOIN monitor_run AS run ON run.id = delivery.run_id
JOIN monitor ON monitor.id = run.monitor_id WHERE run.run_id LIKE '{phase}-%' AND monitor.name NOT IN ({besides})"""
LEFT = """
SELECT count(*) FROM delivery JOIN monitor_run AS run ON run.id = delivery.run_id JOIN monitor ON monitor.id = run.monitor_id
WHERE delivery.status IN ('PENDING', 'RETRYING') AND run.run_id LIKE '{phase}-%' AND monitor.name NOT IN ({besides})"""


@dataclass(frozen=True)
class Phase:
    """What came of one phase.

    Seconds from each run's record to its delivery; how many of them a second; what all of them took of the processes' CPU.
    """

    waits: Sequence[float]
    rate: float
    cpu_seconds: float

    @property
    def cpu_of_each(self) -> float:
        return self.cpu_seconds / len(self.waits)

    def __str__(self) -> str:
        in_order = sorted(self.waits)
        late = in_order[int(0.99 * (len(in_order) - 1))]
        each = self.cpu_of_each * 1000
        waits = f"p50 {median(in_order) * 1000:.0f}, p99 {late * 1000:.0f}, CPU of each run {each:.0f}"
        return f"{self.rate:.1f} a second; ms: {waits} ({len(in_order)} runs)"


async def measure(
    report: Report, *, checkouts: Sequence[Path], server: str, database: str, seconds: float, workers: Sequence[int]
) -> None:
    """Measure each checkout in turn, and this one last: with so many `worker` processes beside the server.

    Where that is none, the server's own process delivers.
    """
    for number in workers:
        for checkout in (*checkouts, HERE):
            with TemporaryDirectory() as folder:
                async with databases.blank(Path(folder), server=server) as url:
                    told = await _measure(checkout, url, folder=Path(folder), seconds=seconds, workers=number)
            of = "" if checkout == HERE else f" of {checkout.name}"
            by = f"{number} worker{'s'[: number - 1]}" if number else "its own process"
            for name, (measured, goal) in told.items():
                say(f"{database}: delivered{of} by {by}, {name}: {measured}")
                report.add(
                    f"a run reported until delivered{of}, by {by}, {name}", database=database, measured=measured, goal=goal
                )


async def _measure(checkout: Path, url: str, *, folder: Path, seconds: float, workers: int) -> dict[str, tuple[str, str]]:
    service = Service(folder=folder, database_url=url, environment=UNLIMITED, checkout=checkout)
    make_keyring_in(folder)
    sandbox, helping = service.beside(name="sandbox"), [service.beside(name=f"worker-{number}") for number in range(workers)]
    try:
        sandbox.begin("sandbox", "--port", str(service.sandbox_port))
        await _until_there(sandbox)
        await service.start("--sandbox", *(["--no-background"] if workers else []))
        for worker in helping:
            await worker.start_worker("--sandbox")
        story = await Story.begin(service)  # by its own commands: another version's tables are not this one's
        try:
            return await _tell(story, [service, *helping], seconds=seconds)
        finally:
            await story.browser.close()
    finally:
        for each in (service, *helping, sandbox):
            each.kill()


async def _until_there(sandbox: Service) -> None:
    """Return once it answers: who is started with `--sandbox` then finds it there, and starts none."""
    async with asyncio.timeout(PATIENCE_SECONDS), httpx2.AsyncClient(trust_env=False) as client:
        while True:
            with suppress(httpx2.TransportError):
                await client.get(f"{sandbox.sandbox_url}/control/state")
                return
            await asyncio.sleep(0.05)  # asked again until it answers


async def _tell(story: Story, processes: Sequence[Service], *, seconds: float) -> dict[str, tuple[str, str]]:
    """Return what was measured, and what is aimed at, by the names of the phases."""
    numbers = iter(range(ADDRESSES))
    await asyncio.gather(*(_integrate(story, numbers) for _ in range(AT_ONCE)))
    await _report(story, processes, "first", seconds=1.0, callers=AT_ONCE, every=0.0)
    phases = {
        "one at a time": await _report(story, processes, "alone", seconds=seconds, callers=1, every=0.2),
        "as fast as they come": await _report(story, processes, "saturated", seconds=seconds, callers=AT_ONCE, every=0.0),
    }
    if len(processes) > 1:
        phases["a backlog"] = await _drain(story, processes, seconds=seconds)
    late, none = await _report_in_pairs(story, processes, seconds=seconds / 2)
    rates, cpu = [[Series([getattr(each, name) for each in of]) for of in (late, none)] for name in ("rate", "cpu_of_each")]
    measured = f"{rates[0].median:.1f} a second: {rates[0].over(rates[1]).told()} of while none is ({rates[1].median:.1f})"
    measured += f"; CPU of each run {cpu[0].over(cpu[1]).told()} times"
    told = {name: (str(phase), "") for name, phase in phases.items()}
    return {**told, f"one of {ADDRESSES} {SLOW_SECONDS} s late": (measured, "the others at least 0.9 of while none is")}


async def _report_in_pairs(
    story: Story, processes: Sequence[Service], *, seconds: float
) -> tuple[Sequence[Phase], Sequence[Phase]]:
    """Return what comes of all addresses but the first: while that is late, and while none is, in turn."""
    phases: dict[str, list[Phase]] = {"late": [], "none": []}
    for number in range(PAIRS):
        for name in ("late", "none")[:: 1 if number % 2 == 0 else -1]:
            phase = f"{name}{number}"
            async with _first_late(story) if name == "late" else nullcontext():
                came = await _report(story, processes, phase, seconds=seconds, callers=AT_ONCE, every=0.0, besides=1)
            phases[name].append(came)
            # Each begins as rested as the other, and none with what the late address still has.
            await asyncio.sleep(SLOW_SECONDS)
            await _until_delivered(story, phase, besides=0)
    return phases["late"], phases["none"]


@asynccontextmanager
async def _first_late(story: Story) -> AsyncIterator[None]:
    """Have the first address answer late for so long."""
    faults = f"{story.service.sandbox_url}/control/faults"
    fault = {"provider": "webhook", "endpoint": "hook-0", "fault": "slow", "seconds": SLOW_SECONDS, "times": 1_000_000}
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.post(faults, json=fault)).is_success
        yield
        assert (await client.delete(faults)).is_success


async def _integrate(story: Story, numbers: Iterator[int]) -> None:
    """Have a webhook of its own post the monitor of each number."""
    for number in numbers:
        fields = [
            {"name": "url", "value": f"{story.service.sandbox_url}/webhook/hook-{number}"},
            {"name": "signingSecret", "value": SIGNING_SECRET},
        ]
        shared = await story.admin.ask(SHARE, input={"using": {"secret": {"provider": "webhook", "fields": fields}}})
        assert shared["addInstalledApp"]["userErrors"] == []
        using = {"installedAppId": shared["addInstalledApp"]["installedApp"]["id"]}
        await story.add(story.admin, name=_name(number), using=using, monitor=_name(number), channel="address")


async def _report(
    story: Story, processes: Sequence[Service], phase: str, *, seconds: float, callers: int, every: float, besides: int = 0
) -> Phase:
    """Report runs for so long, and wait until they are delivered. Those of the first `besides` addresses count for nothing."""
    begun, numbers, cpu = time.monotonic(), count(), sum(map(_cpu_of, processes))

    async def call() -> None:
        async with Connection.open(story.service.url) as connection:
            while time.monotonic() < begun + seconds:
                number = next(numbers)
                run = _run_of(_name(number % ADDRESSES), f"{phase}-{number}")
                body = orjson.dumps({"query": RECORD, "variables": {"input": run}})
                request = request_of("POST", "/graphql", token=story.admin.token, url=story.service.url, body=body)
                answer = orjson.loads(await connection.ask(request))
                assert answer["data"]["recordMonitorRun"]["userErrors"] == []
                await asyncio.sleep(every)

    await asyncio.gather(*(call() for _ in range(callers)))
    await _until_delivered(story, phase, besides=besides)
    return await _phase(story, processes, phase, begun=begun, cpu=cpu, besides=besides)


async def _drain(story: Story, processes: Sequence[Service], *, seconds: float) -> Phase:
    """Report runs for so long while all workers are halted, and let them go on: how fast they are through."""
    for worker in processes[1:]:
        worker.halt()
    reporting = asyncio.create_task(_report(story, processes, "backlog", seconds=seconds, callers=AT_ONCE, every=0.0))
    await asyncio.sleep(seconds + 1.0)
    begun, cpu = time.monotonic(), sum(map(_cpu_of, processes))
    for worker in processes[1:]:
        worker.go_on()
    await reporting
    return await _phase(story, processes, "backlog", begun=begun, cpu=cpu)


async def _until_delivered(story: Story, phase: str, *, besides: int) -> None:
    left = LEFT.format(phase=phase, besides=_names(besides))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await run_statement(story.service.database_url, left))[0][0]:  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.05)


async def _phase(story: Story, processes: Sequence[Service], phase: str, *, begun: float, cpu: float, besides: int = 0) -> Phase:
    took = time.monotonic() - begun
    found = await run_statement(story.service.database_url, WAITS.format(phase=phase, besides=_names(besides)))
    waits = [(_moment(at) - _moment(recorded)).total_seconds() + milliseconds / 1000 for recorded, at, milliseconds in found]
    return Phase(waits, len(waits) / took, sum(map(_cpu_of, processes)) - cpu)


def _cpu_of(service: Service) -> float:
    """Return how many seconds of CPU the process has had."""
    assert service.process is not None
    after_name = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _name(number: int) -> str:
    return f"monitor-{number}"


def _names(first: int) -> str:
    """Return the names of the first ones, for a statement."""
    return ", ".join(f"'{_name(number)}'" for number in range(first)) or "''"


def _run_of(monitor: str, run_id: str) -> dict[str, Any]:
    return {
        "monitorKey": monitor,
        "runId": run_id,
        "outcome": "PASSED",
        "startedAt": "2026-11-21T10:00:00Z",
        "durationMs": 1200,
        "testCount": 3,
    }


def _moment(found: datetime | str) -> datetime:
    return datetime.fromisoformat(found) if isinstance(found, str) else found
