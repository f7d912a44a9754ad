"""Short reads of SQLite: answered where they are asked, in the event loop's own thread.

To have another thread ask costs ten times what it takes to find a few rows by an index. So these have a connection of their own,
which waits for nobody and is interrupted where it takes long: what it does not answer is for the thread that may wait. So is
everything for a while, where the disk was slow: SQLite cannot be interrupted while it waits for that.
"""

import sqlite3
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

LONGEST_SECONDS = 0.005
"""So long others may be kept waiting by one read. By the clock: to wait for the disk is to wait too."""

SLOW_SECONDS = 0.02
REST_SECONDS = 1.0
"""After a read that took so long all the same, none is answered for this time."""

_STEPS = 250
"""Of SQLite's machine, of which a row takes some twenty: after so many the clock is looked at."""


class ShortReads:
    """A connection that can only read. The thread that opens it, and waits for `lock` seconds at most, may be another one."""

    def __init__(
        self, path: str, *, lock: float = 0.0, longest: float = LONGEST_SECONDS, now: Callable[[], float] = perf_counter
    ) -> None:
        self._longest = longest
        self._now = now
        self._end = self._rests_until = 0.0
        self._file = sqlite3.connect(path, isolation_level=None, timeout=lock, check_same_thread=False)
        self._file.create_function("UPPER", 1, upper, deterministic=True)
        self._file.execute("PRAGMA query_only=ON").close()
        self._file.execute("SELECT 1 FROM sqlite_master LIMIT 1").close()  # the first statement reads the whole schema
        self._file.execute("PRAGMA busy_timeout=0").close()
        self._file.set_progress_handler(self._is_late, _STEPS)

    def read(self, statement: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]] | None:
        """Return the rows of a SELECT, to be read by place; None where it takes too long, would have to wait, or fails."""
        begun = self._now()
        if begun < self._rests_until:
            return None
        self._end = begun + self._longest
        try:
            return self._file.execute(statement, values).fetchall()
        except sqlite3.Error:
            return None
        finally:
            ended = self._now()
            if ended - begun > SLOW_SECONDS:
                self._rests_until = ended + REST_SECONDS

    def close(self) -> None:
        self._file.close()

    def _is_late(self) -> bool:
        return self._now() > self._end


def upper(text: Any) -> Any:
    """Return it as PostgreSQL's UPPER does: SQLite's own knows ASCII alone, so that "ärger" would not find "Ärger"."""
    return text.upper() if isinstance(text, str) else text
