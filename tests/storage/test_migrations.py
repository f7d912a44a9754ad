"""A migration is history: it imports nothing of the service, so that nothing that becomes of the service changes it."""

from pathlib import Path

import pytest
from tortoise import fields
from tortoise.migrations.operations import AddField
from tortoise.migrations.writer import MigrationWriter

import app.migrations
from app.errors import ConfigurationError
from tests import migrations

WRITTEN = sorted(Path(app.migrations.__file__).parent.glob("*.py"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a package without a migration."""
    name = f"empty_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_a_migration_imports_nothing_of_the_service(path: Path) -> None:
    assert migrations.imports_of_service(path.read_text()) == []


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ("from app.monitors.models import RunOutcome", ["app.monitors.models"]),
        ("import app", ["app"]),
        ("import logging, app.clock as clock", ["app.clock"]),
        ("def _change():\n    from app import errors", ["app"]),
        ("from .earlier import Role", [".earlier"]),
        ("from .. import errors", [".."]),
        ("import application\nfrom tortoise import fields\nname = 'app.monitors'", []),
    ],
)
def test_an_import_of_the_service_is_found(text: str, imported: list[str]) -> None:
    assert migrations.imports_of_service(text) == imported


async def test_a_new_migration_has_literals_for_every_enum_of_the_models(package: str) -> None:
    [writer] = await migrations.missing(migrations=package)

    text = writer.as_string()
    assert migrations.imports_of_service(text) == []
    assert "('role', fields.CharField(description='ADMIN: ADMIN\\nMEMBER: MEMBER\\nVIEWER: VIEWER', max_length=32))" in text
    assert "table_description" not in text


async def test_a_migration_that_would_import_the_service_is_not_written(package: str, tmp_path: Path) -> None:
    column = fields.TextField(default=ConfigurationError)
    writer = MigrationWriter("0001_new", "models", [AddField("Team", "note", column)], migrations_module=package)

    with pytest.raises(SystemExit) as stopped:
        migrations.write(writer)

    assert stopped.value.code == "The migration would import app.errors: give the column a plain field and a plain default."
    assert not (tmp_path / package / "0001_new.py").exists()
