"""`backup` copies the embedded database, and nothing else."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import Service

pytestmark = pytest.mark.processes


def test_a_backup_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    service = Service(tmp_path, "")
    service.run("migrate")
    there = tmp_path / "there"
    there.write_text("precious")

    said = fail(service, "backup", str(there), code=1)

    assert said == f"There is something at {there} already: name a file that is not there."
    assert there.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["installed-apps.sqlite3", "there"]


def test_a_backup_is_its_owners_alone_and_whole(tmp_path: Path) -> None:
    service = Service(tmp_path, "")
    service.run("migrate")

    said = service.run("backup", str(tmp_path / "copy"))

    assert said == f"Copied to {tmp_path / 'copy'}. The keyring is not in it: keep {tmp_path / 'keyring.json'} somewhere else."
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_database_server_has_a_backup_of_its_own(tmp_path: Path) -> None:
    service = Service(tmp_path, "postgres://127.0.0.1:1/none")

    said = fail(service, "backup", str(tmp_path / "copy"), code=1)

    assert (
        said
        == "INSTALLED_APPS_DATABASE_URL names a database server: back it up with its own pg_dump, its password in a PGPASSFILE."
    )
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_database_none_is_made(tmp_path: Path) -> None:
    said = fail(Service(tmp_path, ""), "backup", str(tmp_path / "copy"), code=78)

    assert said == f"There is no database in {tmp_path} (INSTALLED_APPS_DATA_DIR)."
    assert list(tmp_path.iterdir()) == []


def fail(service: Service, *arguments: str, code: int) -> str:
    answer = service.attempt(*arguments)
    assert answer.returncode == code, answer.stderr
    return answer.stderr.strip()
