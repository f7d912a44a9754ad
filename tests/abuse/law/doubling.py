"""The law: an input of doubled size costs CPU that at most doubles."""

import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence

DOUBLED = 3.0
"""How much more a doubled input may cost. Twice is right and more is noise; what is quadratic costs four times as much."""

FLOOR_SECONDS = 0.008
"""What may come on top: below that there is more noise than cost."""

TRIES = 7
_SMALLEST = 10
_DEAR_SECONDS = 0.5
"""From there on noise is small beside a cost, and another try takes long."""


def sizes(largest: int, *, halvings: int, beyond: int) -> list[int]:
    """Return the sizes at which an input is measured, from a thousandth of the largest that is allowed to `beyond` times that.

    Each is 2 ** `halvings` times the one before.
    """
    below = (largest >> step for step in range(_SMALLEST // halvings * halvings, 0, -halvings))
    return [*(size for size in below if size), largest, largest * beyond]


def find_jumps(costs: Mapping[int, float]) -> list[str]:
    """Return each step that costs more than it may. `costs` are seconds by size, sizes ascending."""
    return [
        f"{size} cost {cost * 1000:.1f} ms and {larger} cost {more * 1000:.1f} ms"
        for (size, cost), (larger, more) in itertools.pairwise(costs.items())
        if more > DOUBLED ** math.log2(larger / size) * cost + FLOOR_SECONDS
    ]


def growth(costs: Mapping[int, float]) -> float:
    """Return by how much a doubling multiplied the cost where it did so most, of those steps that can be told from noise."""
    steps = [
        (more / max(cost, FLOOR_SECONDS / 2)) ** (1 / math.log2(larger / size))
        for (size, cost), (larger, more) in itertools.pairwise(costs.items())
        if more > FLOOR_SECONDS
    ]
    return max(steps, default=1.0)


def measure(cost_of: Callable[[int], float], wanted: Sequence[int], *, tries: int = TRIES) -> dict[int, float]:
    """Return the least cost of a few tries at each size, up to the first that breaks the law: the next might take hours.

    What else the machine does only adds to a cost, so the law is broken where it is in every try.
    """
    costs: dict[int, float] = {}
    for size in wanted:
        before = list(costs)[-1:]
        costs[size] = cost_of(size)
        for _ in range(tries - 1 if costs[size] < _DEAR_SECONDS else 1):
            if not find_jumps(costs):
                break
            costs |= {again: min(costs[again], cost_of(again)) for again in (*before, size)}
        if find_jumps(costs):
            break
    return costs


def time_thread(work: Callable[[], object]) -> float:
    """Return the seconds of CPU that the work took in this thread."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun
