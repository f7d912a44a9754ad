"""The cost law: whatever strangers send, twice as much of it takes twice the CPU at most."""

import time
from collections.abc import Callable
from typing import TypeVar

LARGEST = 16 * 1024
STEP = 4
MOST_GROWTH = 9.0
"""Of four times the input: what is linear takes four times as long, what is quadratic sixteen."""

_SMALLEST = 1024
_TELLING_SECONDS = 0.002
_TRIES = 3

T = TypeVar("T")


def growth(work: Callable[[T], object], shape: Callable[[int], T], *, largest: int = LARGEST) -> float:
    """Return by how much the CPU grows with four times the input, from where that can be told; 1 where it never can.

    The least of a few tries is taken: what else the machine does only adds to a time.
    """
    size = _SMALLEST
    while size * STEP <= largest:
        small, large = shape(size), shape(size * STEP)
        if seconds(work, large, tries=1) > _TELLING_SECONDS:
            return _ratio(work, small, large)
        size *= STEP
    return 1.0


def seconds(work: Callable[[T], object], value: T, *, tries: int = _TRIES) -> float:
    """Return the least seconds of CPU that the work takes, of some tries."""
    return min(_time(work, value) for _ in range(tries))


def _ratio(work: Callable[[T], object], small: T, large: T) -> float:
    ratio = seconds(work, large, tries=1) / seconds(work, small)
    # Noise may have made it: the more it seems, the better it is looked at.
    return ratio if ratio < MOST_GROWTH else seconds(work, large) / seconds(work, small)


def _time(work: Callable[[T], object], value: T) -> float:
    begun = time.thread_time()
    work(value)
    return time.thread_time() - begun
