"""Deadlines of those who wait: every call that is made for them ends before, and says so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends: ContextVar[float | None] = ContextVar("ends", default=None)


@contextmanager
def waiting_until(moment: float | None) -> Iterator[None]:
    """Let calls made here, also by tasks begun here, end by `moment`, of the monotonic clock; None: at their own deadlines."""
    before = _ends.set(moment)
    try:
        yield
    finally:
        _ends.reset(before)


def seconds_left() -> float | None:
    """Return how long is still waited for what is asked here; None for as long as it takes."""
    ends = _ends.get()
    return max(ends - time.monotonic(), 0.0) if ends is not None else None


def within(deadline: float) -> float:
    """Return the deadline, or what is left where that is less."""
    left = seconds_left()
    return deadline if left is None else min(deadline, left)
