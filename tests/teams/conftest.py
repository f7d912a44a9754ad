"""An issuer, a team whose admin it knows, and a browser in front of both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.held import HeldClock
from tests.teams.issued import Issued, issuing
from tests.teams.visits import Visit, browsing


@pytest.fixture
async def issued(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[Issued]:
    del database
    async with issuing(folder=tmp_path, clock=clock) as made:
        yield made


@pytest.fixture
async def visit(issued: Issued) -> AsyncIterator[Visit]:
    with browsing(issued) as browser:
        async with browser:
            yield Visit(issued, browser)
