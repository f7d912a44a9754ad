"""A disk of a test's own, small enough to be filled."""

import contextlib
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.errors import DatabaseAway
from app.storage import database


@contextmanager
def small_disk(folder: Path, *, megabytes: int = 4) -> Iterator[Path]:
    """Yield a disk of its own for the test; where nobody may mount one, the test is skipped."""
    folder.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None:
        pytest.skip("there is no mount")
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run([mount, *options], capture_output=True, check=False).returncode != 0:  # noqa: S603 - mount itself
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run([unmount, str(folder)], check=True)  # noqa: S603 - as above


def fill(file: Path) -> None:
    """Leave no room on the disk that the file is on."""
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(b"\0" * 4096):
            pass


async def write_until_refused(action: Callable[[BaseDBAsyncClient], Awaitable[None]]) -> tuple[int, DatabaseAway]:
    """Make the write again and again; return how often it was acknowledged, and what refused it then."""
    for acknowledged in range(5_000):
        try:
            await database.write(action)
        except DatabaseAway as refusal:
            return acknowledged, refusal
    raise AssertionError("nothing was refused")
