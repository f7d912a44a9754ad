"""How long a service takes from its start until it is ready."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import Service

MOST_SECONDS = 3.0
"""Of a processor, for a start. (How long it takes by the clock says what else the machine does; it is printed.)"""

MOST_IMPORTS = 2.0
"""On a machine that is slower than that: so many times as long as it takes to import the service and nothing more."""


@dataclass
class Starts:
    """`seconds` are by the clock, `busy` those of a processor."""

    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    async def start(self, service: Service, *options: str) -> None:
        began = time.monotonic()
        await service.start(*options)
        self.seconds.append(time.monotonic() - began)
        self.busy.append(_busy_seconds(service))

    def assert_short(self) -> None:
        assert statistics.median(self.busy) < max(MOST_SECONDS, MOST_IMPORTS * _importing_seconds()), self

    def __str__(self) -> str:
        return f"{len(self.seconds)} starts: {_describe(self.seconds)}; of a processor: {_describe(self.busy)}"


def _describe(numbers: Sequence[float]) -> str:
    by_length = sorted(numbers)
    late = by_length[min(len(by_length) - 1, int(len(by_length) * 0.95))]
    return f"median {statistics.median(by_length):.2f} s, 95th percentile {late:.2f} s, longest {by_length[-1]:.2f} s"


def _busy_seconds(service: Service) -> float:
    assert service.process is not None
    fields = (Path("/proc") / str(service.process.pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _importing_seconds() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import app.console.serving"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
