"""How a run lets others work in between."""

from collections.abc import Awaitable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Pace(Protocol):
    """What is run in slices. `depth` is how deep in the answer something stands: what stands deeper goes on first."""

    @property
    def may_begin(self) -> bool:
        """Whether anything more may be begun at once."""

    async def breathe(self, depth: int = 0, *, begins: bool = False) -> None:
        """Let others go on, where this slice is over. Raises CancelledError where nobody waits for the operation any more."""

    def in_turns(self, work: Awaitable[T], depth: int) -> Awaitable[T]:
        """Return the same work, which goes on in slices of its own."""

    def asleep(self, work: Awaitable[T]) -> Awaitable[T]:
        """Return the same work, which waits for something else than a slice."""
