from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.sandbox.running import Sandbox, run_sandbox
from tests.sign_ins.world import World, open_world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with run_sandbox() as running:
        yield running


@pytest.fixture
def rotating_sandbox() -> Iterator[Sandbox]:
    with run_sandbox(rotation=True) as running:
        yield running


@pytest.fixture
async def world(database: str, sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[World]:
    del database
    async with open_world(sandbox, folder=tmp_path) as opened:
        yield opened


@pytest.fixture
async def rotating(database: str, rotating_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[World]:
    """The same where Slack's tokens last for twelve hours and are refreshed."""
    del database
    async with open_world(rotating_sandbox, folder=tmp_path) as opened:
        yield opened
