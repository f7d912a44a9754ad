"""Who can read the embedded database: its owner, whatever the process's umask lets through, and nobody else."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.service.tables import MIGRATIONS, MODELS
from app.storage import database, sqlite, upgrade
from app.storage.files import make_private, open_to_others
from app.teams.models import Team
from tests import databases

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(bool(databases.POSTGRES_URL), reason="a server's files are its own")


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask")
async def test_a_new_database_and_what_sqlite_puts_beside_it_are_for_their_owner_alone(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "var" / "data" / "installed-apps.sqlite3"
    make_private(path)
    shutil.copyfile(database_url.removeprefix("sqlite:///"), path)  # into the very file

    async with databases.opened(f"sqlite:///{path}"):
        await put_team()
        found = modes(path.parent)
        sqlite.copy(str(path), str(tmp_path / "copy"))
        after = modes(path.parent)

    assert found == after == {path.name: 0o600, f"{path.name}-wal": 0o600, f"{path.name}-shm": 0o600}
    assert mode(path.parent) == 0o700
    assert list(open_to_others(path)) == []


@pytest.mark.usefixtures("_umask")
@pytest.mark.parametrize("_umask", [0o000], indirect=True, ids=oct)
async def test_an_upgrade_makes_them_so_and_closes_those_of_before(tmp_path: Path) -> None:
    path = tmp_path / "data" / "installed-apps.sqlite3"
    url = f"sqlite:///{path}"
    await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=NOW)
    made = modes(path.parent)
    wal = path.with_name(f"{path.name}-wal")
    wal.touch()
    for each in (path, wal):
        each.chmod(0o644)
    told = list(open_to_others(path))

    await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=NOW)

    assert set(made.values()) == {0o600}
    assert told == [f"chmod 600 {path}", f"chmod 600 {wal}"]
    assert set(modes(path.parent).values()) == {0o600}
    assert mode(path.parent) == 0o700


def test_a_folder_that_was_there_stays_as_it_is_and_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)

    make_private(folder / "installed-apps.sqlite3")

    assert mode(folder) == 0o755
    assert list(open_to_others(folder / "installed-apps.sqlite3")) == [f"chmod 700 {folder}"]


async def put_team() -> None:
    async def put(_: object) -> None:
        await Team.create(id=uuid4(), name="Orbit", created_at=NOW)

    await database.write(put)


def modes(folder: Path) -> dict[str, int]:
    return {file.name: mode(file) for file in folder.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
