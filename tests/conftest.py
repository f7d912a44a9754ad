import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from app.services import Services
from tests import databases
from tests.held import HeldClock
from tests.services import make_services

# No test trusts the machine's authorities, neither here nor in a process that it starts. Whatever calls out reads them first, and
# to read all of them takes longer than most tests do.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).parent / "data" / "authority.pem")
os.environ.pop("SSL_CERT_DIR", None)

pytest_plugins = ["tests.peers.fixtures", "tests.selection"]

# How long an example may take says something of the machine, not of the code.
settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("few", settings.get_profile("here"), max_examples=25)  # for `scripts/test`
settings.load_profile("here")

_OBJECTS_BEFORE_A_COLLECTION = 50_000
gc.disable()  # until all tests are collected: what is imported stays


def pytest_collection_finish() -> None:
    """Let no collection of garbage go through what was imported and collected: that takes an eighth of all tests' time."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_A_COLLECTION, 20, 20)


@pytest.fixture
def no_collections() -> Iterator[None]:
    """Whatever goes meanwhile goes at once, and not when garbage is next collected."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with databases.template(shared) as url:
        yield url


@pytest.fixture
async def database_url(database_template: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a migrated, empty database that nobody has opened."""
    async with databases.copy(database_template, tmp_path) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The same, opened in this process."""
    async with databases.opened(database_url):
        yield database_url


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def services(database: str, clock: HeldClock, tmp_path: Path) -> AsyncIterator[Services]:
    """What actions stand on: the opened database, the held clock, and no reactions."""
    del database  # it has to be open first
    async with make_services(folder=tmp_path, clock=clock) as made:
        yield made
