from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.soaking import telling
from tests.journeys.story import Story
from tests.processes import Service, serving


@pytest.fixture
async def service(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(tmp_path, database_url=database_url) as running:
        yield running


@pytest.fixture
async def story(service: Service) -> AsyncIterator[Story]:
    async with telling(service) as told:
        yield told


@pytest.fixture
async def story_by_commands(service: Service) -> AsyncIterator[Story]:
    """The same, begun as an operator does: with the command line, which takes seconds."""
    told = await Story.begin(service)
    yield told
    await told.browser.close()
