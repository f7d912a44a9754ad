"""Which server processes are replaced: those that hang, one at a time, and none that is merely busy."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.console.watchdog import Patience, Responsiveness, Stall, find_stall, processor_seconds, wants_nothing
from tests.console.keeping import PATIENCE
from tests.journeys.soaking import until
from tests.processes import free_port

SECONDS = 60.0
"""Within which everything here happens, on a machine that is busy with other things."""

KILLED, SERVES, STANDS_STILL, GOES_ON = (
    "server process is killed",
    "server process serves",
    "the event loop stands still",
    "server process goes on",
)

WAITING = {"is_waiting": True}


@pytest.mark.parametrize(
    ("responsiveness", "stall"),
    [
        (Responsiveness(0.5, 0.5, 0.0, 0.0), None),
        (Responsiveness(0.5, 59.0, 0.5, 59.0), None),
        (Responsiveness(0.5, 61.0, 0.5, 60.0), Stall.BUSY),
        (Responsiveness(0.5, 61.0, 0.0, 1.0, is_waiting=False), Stall.BUSY),
        (Responsiveness(0.5, 61.0, 0.0, 0.1, **WAITING), Stall.BLOCKED),
        (Responsiveness(59.0, 59.0, 59.0, 59.0), None),
        (Responsiveness(61.0, 61.0, 60.0, 60.0), Stall.BUSY),
        (Responsiveness(11.0, 11.0, 0.0, 0.0, **WAITING), Stall.HALTED),
        (Responsiveness(9.0, 9.0, 0.0, 0.0, **WAITING), None),
        (Responsiveness(11.0, 11.0, 5.0, 5.0, **WAITING), None),
        (Responsiveness(11.0, 11.0, 0.0, 0.0), None),
        (Responsiveness(59.0, 59.0), None),
        (Responsiveness(61.0, 61.0), Stall.BUSY),
    ],
    ids=[
        *(
            "answers and turns",
            "busy",
            "busy for too long",
            "busy where many are",
            "waits for too long",
            "busy in C",
            "busy in C for too long",
        ),
        *("halted", "halted just now", "silent and at work", "silent and would like to work"),
        *("where the system says nothing", "where the system says nothing, for too long"),
    ],
)
def test_why_a_process_is_replaced(responsiveness: Responsiveness, stall: Stall | None) -> None:
    assert find_stall(responsiveness, patience=Patience()) is stall


def test_the_system_says_what_a_process_used_and_wants() -> None:
    used = processor_seconds(os.getpid())
    sleeping = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        os.kill(sleeping.pid, signal.SIGSTOP)
        os.waitpid(sleeping.pid, os.WUNTRACED)

        assert used is not None
        assert used > 0
        assert not wants_nothing(os.getpid())  # it is running this
        assert wants_nothing(sleeping.pid)
    finally:
        sleeping.kill()
        sleeping.communicate()
    assert processor_seconds(sleeping.pid) is None
    assert wants_nothing(sleeping.pid) is None


@dataclass
class Kept:
    """Stand-ins and the process that keeps them."""

    port: int
    parent: subprocess.Popen[bytes]
    log: Path

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in found if event in {None, line["event"]}]

    async def tell(self, *pids: int, what: str) -> None:
        """Send the stand-ins something to do, whichever of them lets whom in."""
        left = set(pids)
        async with asyncio.timeout(SECONDS):
            while left:
                pid = await self.ask(lambda pid: what if pid in left else "")
                left.discard(pid)

    async def ask(self, say: Callable[[int], str] = lambda _: "") -> int:
        """Return which one lets us in; `say` is what it is told."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        pid = int(await reader.readline())
        writer.write(f"{say(pid)}\n".encode())
        with suppress(OSError):
            await reader.read()
        writer.close()
        return pid

    async def until_logged(self, event: str, *, count: int) -> list[dict[str, Any]]:
        async def is_logged() -> bool:
            return len(self.lines(event)) >= count

        await until(is_logged, seconds=SECONDS)
        return self.lines(event)


@asynccontextmanager
async def keeping(folder: Path, *, count: int = 2, slowness: str = "sleep 0") -> AsyncIterator[tuple[Kept, list[int]]]:
    """Yield what is kept and the process ids, once all of them serve."""
    async with started(folder, count=count, slowness=slowness) as kept:
        yield kept, [line["pid"] for line in await kept.until_logged(SERVES, count=count)]


@asynccontextmanager
async def started(folder: Path, *, count: int, slowness: str, start: float = PATIENCE.start) -> AsyncIterator[Kept]:
    """Yield what is kept. `slowness` is what each of them does before it serves, `start` for how long it may."""
    port, log = free_port(), folder / "log"
    arguments = (str(port), str(count), slowness, str(start))
    with log.open("wb") as sink:
        parent = subprocess.Popen(  # noqa: S603, ASYNC220 - our own program, and gone before the test is
            [sys.executable, "-m", "tests.console.keeping", *arguments], stderr=sink
        )
    kept = Kept(port, parent, log)
    try:
        yield kept
    finally:
        parent.kill()
        parent.wait()
        for pid in {line["pid"] for line in kept.lines(SERVES)}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.processes
async def test_those_that_are_merely_busy_all_at_once_are_let_be(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (kept, pids):
        await kept.tell(*pids, what=f"spin {(PATIENCE.halted + PATIENCE.stuck) / 2}")

        await kept.until_logged(STANDS_STILL, count=2)
        await kept.tell(*pids, what="spin 0")

        assert kept.lines(KILLED) == []
        assert len(kept.lines(SERVES)) == 2
        assert {line["where"][-1].split()[-1] for line in kept.lines(STANDS_STILL)} == {"spin"}


@pytest.mark.processes
@pytest.mark.parametrize("how", ["halted", "hold"])
async def test_one_that_stands_still_as_a_whole_is_replaced_soon_and_the_other_lives(tmp_path: Path, how: str) -> None:
    async with keeping(tmp_path) as (kept, [first, second]):
        if how == "halted":
            os.kill(first, signal.SIGSTOP)
        else:
            await kept.tell(first, what="hold 1000")

        [killed] = await kept.until_logged(KILLED, count=1)
        [*_, successor] = await kept.until_logged(SERVES, count=3)
        await kept.tell(second, successor["pid"], what="spin 0")

        assert (killed["pid"], killed["why"]) == (first, "halted")
        assert killed["silent_seconds"] >= PATIENCE.halted
        assert killed["cpu_seconds"] < 1.0


@pytest.mark.processes
@pytest.mark.parametrize(("what", "why"), [("spin 1000", "busy"), ("sleep 1000", "blocked")])
async def test_those_that_are_stuck_all_at_once_are_replaced_one_by_one_behind_a_successor(
    tmp_path: Path, what: str, why: str
) -> None:
    async with keeping(tmp_path) as (kept, stuck):
        await kept.tell(*stuck, what=what)

        killed = await kept.until_logged(KILLED, count=2)
        await kept.until_logged(SERVES, count=4)
        await kept.tell(*(line["pid"] for line in kept.lines(SERVES)[2:]), what="spin 0")

        assert {(line["pid"], line["why"]) for line in killed} == {(pid, why) for pid in stuck}
        assert all(line["still_seconds"] >= PATIENCE.stuck for line in killed)
        order = [line["event"] for line in kept.lines() if line["event"] in {SERVES, KILLED}]
        assert order[:4] == [SERVES, SERVES, SERVES, KILLED]


@pytest.mark.processes
async def test_the_last_one_that_comes_back_before_its_successor_serves_goes_on(tmp_path: Path) -> None:
    async with keeping(tmp_path, count=1, slowness="sleep 4") as (kept, [pid]):
        await kept.tell(pid, what=f"spin {PATIENCE.stuck + 2}")

        await kept.until_logged(GOES_ON, count=1)

        assert await kept.ask() == pid
        assert kept.lines(KILLED) == []


@pytest.mark.processes
async def test_nobody_is_killed_for_the_time_that_the_one_who_watches_stood_still(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (kept, pids):
        kept.parent.send_signal(signal.SIGSTOP)
        await asyncio.sleep(PATIENCE.stuck + 1)  # what it would take for wrong
        kept.parent.send_signal(signal.SIGCONT)
        await asyncio.sleep(8 * PATIENCE.look_every)  # in which it would have killed somebody

        await kept.tell(*pids, what="spin 0")
        assert kept.lines(KILLED) == []


@pytest.mark.processes
async def test_one_that_is_stuck_does_not_outlive_the_one_that_started_it(tmp_path: Path) -> None:
    async with keeping(tmp_path, count=1) as (kept, [pid]):
        await kept.tell(pid, what="spin 1000")

        kept.parent.kill()

        async def is_gone() -> bool:
            return processor_seconds(pid) is None

        await until(is_gone, seconds=SECONDS)


@pytest.mark.processes
async def test_one_that_is_slow_to_start_is_let_be_while_it_is_at_work(tmp_path: Path) -> None:
    async with started(tmp_path, count=1, slowness="spin 5", start=2.0) as kept:
        await kept.until_logged(SERVES, count=1)

        assert kept.lines(KILLED) == []


@pytest.mark.processes
async def test_one_that_does_not_come_to_serve_and_does_nothing_for_it_is_replaced(tmp_path: Path) -> None:
    async with started(tmp_path, count=1, slowness="sleep 1000", start=2.0) as kept:
        killed = await kept.until_logged(KILLED, count=2)

        assert {line["why"] for line in killed} == {"does not come to serve"}
        assert len({line["pid"] for line in killed}) == 2
