"""What a process has from its start on is out of the garbage collector's sight, and nothing else is."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

PROGRAM = """
import gc
from app.console.heap import gc_frozen
from app.service.schema import build_schema

schema = build_schema()
with gc_frozen():
    spared, left = gc.get_freeze_count(), len(gc.get_objects())
    cycle = []
    cycle.append(cycle)
    del cycle
    print(spared > 100_000, left < 1_000, gc.collect() > 0, gc.get_threshold())
print(gc.get_freeze_count(), gc.get_threshold())
"""


def test_what_a_process_starts_with_is_spared_and_garbage_is_still_found() -> None:
    answer = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)  # noqa: S603 - our own

    assert answer.stdout.splitlines() == ["True True True (700, 10, 2)", "0 (700, 10, 10)"]
