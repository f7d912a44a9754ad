"""Garbage collection: the collector does not look again and again through what a process has from its start on."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Mapping

_OLDER_COLLECTIONS = 2
"""After so many collections of what is younger comes one of all; CPython's own ten let three times as much garbage wait."""

_YOUNG_OBJECTS = 20_000
"""How many are made and stay before they are looked through. A page makes thousands and drops them at its end: looking after each
700 of them, as CPython does, took as much of the CPU as the page itself."""

_OLDEST = 2
_LONG_SECONDS = 0.02
"""Seconds of CPU after which a collection of the oldest objects counts as long."""

_ALL_EVERY_SECONDS = 600.0


def collect_seldom() -> None:
    """Have the collector look less often from here on: a process that starts drops little, and each import woke it."""
    _, *older = gc.get_threshold()
    gc.set_threshold(_YOUNG_OBJECTS, *older)


class Sparing:
    """Takes what outlives a long collection out of the collector's sight as well, such as thousands of listeners.

    They are hundreds of objects each, and to look through those of a thousand took a quarter of a second. Everything is looked
    through once what is out of sight has doubled, and now and then: garbage may wait in it that long.
    """

    def __init__(
        self,
        *,
        long_seconds: float = _LONG_SECONDS,
        all_every_seconds: float = _ALL_EVERY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._long_seconds = long_seconds
        self._all_every_seconds = all_every_seconds
        self._clock = clock
        self._is_of_all = False
        self._began = 0.0
        self._note_all()

    def __call__(self, phase: str, told: Mapping[str, int]) -> None:
        """Hear of a collection's `start` and `stop`, from the collector."""
        if told["generation"] < _OLDEST:
            return
        if phase == "start":
            is_time = self._clock() - self._looked_at > self._all_every_seconds
            self._is_of_all = is_time or gc.get_freeze_count() > self._most
            if self._is_of_all:
                gc.unfreeze()
            self._began = time.thread_time()
        elif self._is_of_all or time.thread_time() - self._began > self._long_seconds:
            gc.freeze()
            if self._is_of_all:
                self._note_all()

    def _note_all(self) -> None:
        self._looked_at = self._clock()
        self._most = 2 * gc.get_freeze_count()


@contextlib.contextmanager
def gc_frozen() -> Iterator[None]:
    """Take what there is out of the collector's sight, once all is open, and give it back at the end.

    The schema, the models and the libraries are nearly two hundred thousand objects. To look through them for the cycles that
    operations leave behind stopped the whole process for a tenth of a second, every few seconds. An interpreter that ends
    without having it back crashes (SIGSEGV) one time in twenty.
    """
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, thresholds[1], _OLDER_COLLECTIONS)
    sparing = Sparing()
    gc.callbacks.append(sparing)
    try:
        yield
    finally:
        gc.callbacks.remove(sparing)
        gc.set_threshold(*thresholds)
        gc.unfreeze()
