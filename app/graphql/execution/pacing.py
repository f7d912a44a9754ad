"""Work that is done in an operation's turns: it begins in one, and whenever something comes it goes on in one."""

from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

from graphql.pyutils import Path

from app.graphql.execution.turns import Place, Turn

T = TypeVar("T")


class Guarded(Generic[T]):
    """The same as `work`, but closed when `place` is left without anybody having awaited it, as an error makes of much."""

    def __init__(self, work: Awaitable[T], place: Place) -> None:
        self._work: Awaitable[T] | None = work
        self._place = place
        place.unbegun.add(self)

    def __await__(self) -> Generator[Any, Any, T]:
        return self._taken().__await__()

    def close(self) -> None:
        """Close what will not be awaited any more."""
        close = getattr(self._work, "close", None)  # futures have none, and do not mind
        if close is not None:
            close()

    def _taken(self) -> Awaitable[T]:
        work, self._work = self._work, None
        if work is None:
            raise RuntimeError("Work is awaited once.")
        self._place.unbegun.discard(self)
        return work


class Asleep(Guarded[T]):
    """The same as `work`, which waits for something else than the turns of `place`."""

    def __await__(self) -> Generator[Any, Any, T]:
        task = self._place.fall_asleep()
        try:
            return (yield from self._taken().__await__())
        finally:
            self._place.wake(task)


class Paced(Guarded[T]):
    """The same as `work`, in the turns of `place`. `path` is where it stands in the answer: what stands deeper goes first.

    So one part of an answer is done before the next is begun, and what is half done stays little.
    """

    def __init__(self, work: Awaitable[T], place: Place, path: Path | None) -> None:
        super().__init__(work, place)
        self._path = path

    def __await__(self) -> Generator[Any, Any, T]:
        place = self._place
        if not place.may_begin:
            yield from place.breathe(self._depth, begins=True).__await__()
        steps: Any = self._taken().__await__()
        step, given = steps.send, None
        while True:
            try:
                waits_for = step(given)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            finally:
                place.rest()
            try:
                given = yield waits_for
                if type(waits_for) is not Turn and place.is_over:  # or what this work stands around has just been let go on
                    yield from place.breathe(self._depth).__await__()
                step = steps.send
            except BaseException as error:  # noqa: BLE001 - whatever reaches whoever waits is the work's
                step, given = steps.throw, error

    @property
    def _depth(self) -> int:
        depth, path = 0, self._path
        while path is not None:
            depth, path = depth + 1, path.prev
        return depth


class _PacedAt(Paced[T]):
    """The same where the depth is known."""

    def __init__(self, work: Awaitable[T], place: Place, depth: int) -> None:
        super().__init__(work, place, None)
        self._known = depth

    @property
    def _depth(self) -> int:
        return self._known


class PaceOf:
    """The pace of a run by levels: the turns of a place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def may_begin(self) -> bool:
        return self._place.may_begin

    async def breathe(self, depth: int = 0, *, begins: bool = False) -> None:
        await self._place.breathe(depth, begins=begins)

    def in_turns(self, work: Awaitable[T], depth: int) -> Awaitable[T]:
        return _PacedAt(work, self._place, depth)

    def asleep(self, work: Awaitable[T]) -> Awaitable[T]:
        return Asleep(work, self._place)
