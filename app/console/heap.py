"""What the garbage collector looks through: not again and again what a process has from its start on."""

import gc

_OLDER_COLLECTIONS = 2
"""After so many collections of what is younger comes one of all; CPython's own ten let three times as much garbage wait."""


def spare_what_stays() -> None:
    """Take what there is out of the collector's sight, once all is open.

    The schema, the models and the libraries are nearly two hundred thousand objects. To look through them for the cycles that
    operations leave behind stopped the whole process for a tenth of a second, every few seconds.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _OLDER_COLLECTIONS)
