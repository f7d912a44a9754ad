"""One service and one Chromium for all of these tests; a new team for each, or one that has everything, to look at."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests import databases
from tests.pages.chromium import PATH, launch
from tests.pages.people import PATIENCE, Team, gather
from tests.pages.scene import Scene, furnish
from tests.peers.processes import need
from tests.processes import Service, serving

expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    need(installed=PATH is not None, reason="Chromium is not installed: tests/peers/install")
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(database_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder: Path = tmp_path_factory.mktemp("served")
    async with databases.copy(database_template, folder) as url, serving(folder, database_url=url) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def team(chromium: Browser, service: Service) -> AsyncIterator[Team]:
    async with gather(service, chromium) as gathered:
        yield gathered


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def furnished_once(chromium: Browser, service: Service) -> AsyncIterator[tuple[Team, Scene]]:
    async with gather(service, chromium) as team:
        yield team, await furnish(team)


@pytest_asyncio.fixture(loop_scope="session")
async def furnished(furnished_once: tuple[Team, Scene]) -> AsyncIterator[tuple[Team, Scene]]:
    """A team that has everything, which no test changes."""
    yield furnished_once
    team, _ = furnished_once
    team.assert_nothing_wrong()
