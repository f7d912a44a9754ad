"""Servers that others made, each a real process on a free port of this machine."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 120.0
STOP_SECONDS = 10.0


def need(*, installed: bool, reason: str) -> None:
    """Skip the test where its peer is not installed; fail it where REQUIRE_PEERS says that nothing may be skipped."""
    if installed:
        return
    if os.environ.get("REQUIRE_PEERS"):
        pytest.fail(reason)
    pytest.skip(reason)


def peers_folder() -> Path:
    """Return where `install` has put what npm installs."""
    return Path(os.environ.get("PEERS_DIR") or Path.home() / ".cache" / "installed-apps-peers")


@contextmanager
def running(
    command: Sequence[str], *, log: Path, listening: re.Pattern[str], environment: Mapping[str, str], folder: Path | None = None
) -> Iterator[str]:
    """Start the command and yield its address: the first group of `listening`, once that is found in what it writes to `log`.

    Leaving ends the process. AssertionError with the end of the log where it ends by itself or says nothing for two minutes.
    """
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - the tests' own commands
            command, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=written, stderr=written
        )
    try:
        yield _address_once_listening(process, log=log, listening=listening)
    finally:
        _stop(process)


def _address_once_listening(process: subprocess.Popen[bytes], *, log: Path, listening: re.Pattern[str]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not (found := listening.search(log.read_text(errors="replace"))):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"The peer did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.05)  # asked again until it says so
    return found[1]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
