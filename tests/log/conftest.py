from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.held import HeldClock
from tests.installed_apps.world import World, make_world


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made
