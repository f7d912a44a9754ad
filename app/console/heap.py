"""Garbage collection: the collector does not look again and again through what a process has from its start on."""

import contextlib
import gc
from collections.abc import Iterator

_OLDER_COLLECTIONS = 2
"""After so many collections of what is younger comes one of all; CPython's own ten let three times as much garbage wait."""


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
    gc.set_threshold(*thresholds[:2], _OLDER_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
