"""What keeps stand-ins, with less patience than the real one: `python -m tests.console.keeping PORT COUNT SLOWNESS START`."""

import asyncio
import socket
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.console.watchdog import Patience
from app.console.workers import Workers
from app.telemetry.logs import configure_logs

PATIENCE = Patience(start=30.0, halted=2.0, stuck=4.0, look_every=0.25)


def main() -> None:
    port, count, slowness, start = sys.argv[1:]
    patience = replace(PATIENCE, start=float(start))
    configure_logs("json")
    with socket.create_server(("127.0.0.1", int(port))) as listener, TemporaryDirectory() as metrics:
        workers = Workers(
            partial(command, slowness), count=int(count), listener=listener, metrics=Path(metrics), patience=patience
        )
        asyncio.run(workers.run())


def command(slowness: str, listener: int, line: int) -> list[str]:
    return [sys.executable, "-m", "tests.console.stand_in", str(listener), str(line), slowness]


if __name__ == "__main__":
    main()
