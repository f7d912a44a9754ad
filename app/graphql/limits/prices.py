"""The prices of reading a request and of other CPU, in points. A point stands for a millisecond at most."""

from app.graphql.transport.requests import Operation

POINTS_A_SECOND = 1_000
"""Of CPU."""

_CHARACTERS = 50
"""Of a document: the worst take a millisecond to parse, measure and validate fifty."""

_BYTES = 100 * 1024
"""Of a body."""


def price_of_reading(operation: Operation, *, is_known: bool) -> int:
    """Return what the request itself costs; `is_known`: its document was read before."""
    document = 0 if is_known else len(operation.query) // _CHARACTERS
    return max(document + operation.size // _BYTES, 1)


_FREE_SECONDS = 0.02
"""Of CPU: a collection of garbage that comes in between is nobody's."""


def price_of_work(seconds: float) -> int:
    """Return what so many seconds of CPU cost that an operation has taken."""
    return max(int((seconds - _FREE_SECONDS) * POINTS_A_SECOND), 0)
