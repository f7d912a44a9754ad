from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.graphql.execution.schema import Schema
from app.service.schema import build_schema
from tests.deliveries.world import World, make_world
from tests.held import HeldClock


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build_schema()
