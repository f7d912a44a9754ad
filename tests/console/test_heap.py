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

OF_LISTENERS = """
import gc, weakref
from app.console.heap import Sparing

class Listener:
    def __init__(self):
        self.itself = self

now = [0.0]
gc.callbacks.append(Sparing(long_seconds=-1.0, all_every_seconds=600.0, clock=lambda: now[0]))
listeners = [Listener() for _ in range(1000)]
for _ in range(2):
    gc.collect()
print(gc.get_freeze_count() > 1000, len(gc.get_objects()) < 1000)
gone = weakref.ref(listeners.pop())
gc.collect()
print(gone() is None)
now[0] = 601.0
gc.collect()
print(gone() is None)
gone = weakref.ref(listeners.pop())
more = [[] for _ in range(4 * gc.get_freeze_count())]
gc.collect()
gc.collect()
print(gone() is None)
"""


def test_what_a_process_starts_with_is_spared_and_garbage_is_still_found() -> None:
    answer = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)  # noqa: S603 - our own

    assert answer.stdout.splitlines() == ["True True True (20000, 10, 2)", "0 (700, 10, 10)"]


def test_what_outlives_a_long_collection_is_spared_until_it_has_doubled_or_a_while_is_over() -> None:
    answer = subprocess.run([sys.executable, "-c", OF_LISTENERS], check=True, capture_output=True, text=True)  # noqa: S603 - our own

    assert answer.stdout.splitlines() == ["True True", "False", "True", "True"]
