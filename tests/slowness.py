"""How slow the machine is just now, so that a bound on CPU that was set on one machine holds, or is broken, on another alike.

What else runs on the same core, or on a hyperthread beside it, lengthens the CPU time of a thread too, up to double.
"""

import time

from graphql import parse

_TEXT = "{ " + " ".join(f"field{number}(first: {number}) {{ id name }}" for number in range(100)) + " }"
_SECONDS = 0.0026
"""What it takes to parse that on the machine that the bounds were set on."""

_TRIES = 5


def slowness() -> float:
    """Return by how much a bound on seconds of CPU has to be multiplied now: by 1 where the machine is as fast."""
    return max(1.0, sorted(_time() for _ in range(_TRIES))[_TRIES // 2] / _SECONDS)


def _time() -> float:
    begun = time.thread_time()
    parse(_TEXT)
    return time.thread_time() - begun
