"""When a delivery is tried: eight times within about twenty hours."""

from collections.abc import Callable
from datetime import timedelta

DELAYS = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 30, 120, 600, 3_600, 21_600, 43_200))
"""How long after the failure before it each attempt is made, the first one at once."""

MOST_ATTEMPTS = len(DELAYS)

MOST_EVER = 100
"""How often a delivery is tried at most, however often members ask for another try."""

MOST_BEFORE_A_RETRY = MOST_EVER - MOST_ATTEMPTS
"""Who was tried more often than that gets no other try: the whole schedule is before each."""

_JITTER = 0.2  # later by up to a fifth: what failed together does not come back together
_LEAST_SPREAD = timedelta(seconds=1)
_RANGE = 2**32


def delay_after(attempts: int, *, retry_after: float | None, entropy: Callable[[int], bytes]) -> timedelta | None:
    """Return how long to wait after so many failed attempts; None when that was the last.

    Never shorter than the schedule's delay or than the `retry_after` seconds that the provider asked for.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    least = max(DELAYS[attempts], timedelta(seconds=retry_after or 0))
    return least + spread(least, entropy=entropy)


def spread(least: timedelta, *, entropy: Callable[[int], bytes]) -> timedelta:
    """Return by how much to come later: at random up to a fifth of `least`, or a second where that is more."""
    share = int.from_bytes(entropy(4), "big") / _RANGE
    return max(least * _JITTER, _LEAST_SPREAD) * share
