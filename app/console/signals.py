"""SIGTERM and SIGINT: the first one begins the way out, a second one ends the process at once."""

import asyncio
import signal
from collections.abc import Callable

_TOLD_BY = (signal.SIGTERM, signal.SIGINT)


def stop_when_told(stop: Callable[[], None]) -> None:
    """Have `stop` called in the running loop by the first of them; what they do by themselves is theirs again from then on."""
    loop = asyncio.get_running_loop()

    def begin() -> None:
        stop()
        for number in _TOLD_BY:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in _TOLD_BY:
        loop.add_signal_handler(number, begin)
