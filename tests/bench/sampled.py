"""The service with a clock in it that looks a thousand times a second of CPU what is being done.

`SAMPLED=FILE python -m tests.bench.sampled serve …` is `python -m app serve …`; at SIGUSR1 it writes down what it saw.
"""

import json
import os
import re
import signal
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

FILE = "SAMPLED"
_EVERY_SECONDS = 0.001
_OURS = re.compile(r"/(app/[a-z_]+(?:/[a-z_]+(?=/))?)")
_LIBRARY = re.compile(r"/site-packages/([a-z0-9_]+)")


def layer_of(frame: FrameType | None) -> str:
    """Return whose code is at work: the innermost of ours, or of a library, that is neither Python's own nor nobody's."""
    while frame is not None:
        path = frame.f_code.co_filename
        found = _LIBRARY.search(path) or _OURS.search(path)
        if found is not None:
            return found[1]
        frame = frame.f_back
    return "the event loop"


def main() -> None:
    from app.__main__ import main as serve  # noqa: PLC0415 - it reads what it is told by the environment first

    seen: Counter[str] = Counter()
    file = Path(os.environ[FILE])

    def look(_number: int, frame: FrameType | None) -> Any:
        seen[layer_of(frame)] += 1

    def write_down(_number: int, _frame: FrameType | None) -> Any:
        ready = file.with_suffix(".new")
        ready.write_text(json.dumps(seen))
        ready.replace(file)

    signal.signal(signal.SIGPROF, look)
    signal.signal(signal.SIGUSR1, write_down)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)
    serve()


if __name__ == "__main__":
    main()
