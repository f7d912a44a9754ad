"""README.md, what lies beside it, and docs/ say nothing that the code does not have."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from graphql import DocumentNode, OperationDefinitionNode, build_schema, parse, print_ast, validate
from typer.testing import CliRunner

from app.__main__ import cli
from app.settings import Settings
from tests.command_line import command_names
from tests.papers import read_pages, rows

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = (ROOT / "docs/commands.md").read_text("utf-8")
GUIDE = (ROOT / "docs/guide.md").read_text("utf-8")
SETTINGS = (ROOT / "docs/settings.md").read_text("utf-8")
TABS = ROOT / "app/graphql/transport/graphiql/operations"

PAGES = read_pages()
ALL = "\n".join(PAGES.values())
OPERATIONS = [
    (path.name, text)
    for path, page in PAGES.items()
    for text in re.findall(r"^ *```graphql\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
]


def test_the_readme_stays_short_enough_to_be_read_in_five_minutes() -> None:
    assert len(README.splitlines()) <= 150
    assert len(README.encode()) <= 10_000
    assert [line for line in README.splitlines() if len(line) > 140 and not line.startswith("|")] == []


def test_the_pages_show_operations() -> None:
    assert len(OPERATIONS) >= 6


@pytest.mark.parametrize(("name", "text"), OPERATIONS)
def test_every_operation_fits_the_schema(name: str, text: str) -> None:
    assert name
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))

    assert validate(schema, parse(text)) == []


def test_every_operation_of_the_story_is_the_one_in_its_tab() -> None:
    tabs = dict(pair for path in TABS.glob("*.graphql") for pair in _operations(parse(path.read_text("utf-8"))))

    shown = [pair for _, text in OPERATIONS for pair in _operations(parse(text)) if pair[0] in tabs]

    assert {name for name, _ in shown} >= {"RecordRun", "BringBack", "SignInLink"}
    assert len(shown) >= 6
    assert [name for name, text in shown if text != tabs[name]] == []


def test_the_variables_of_the_run_are_those_of_its_tab() -> None:
    [shown] = re.findall(r"^The variables:\n\n```json\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)

    assert json.loads(shown) == json.loads((TABS / "06-record-a-run.json").read_text("utf-8"))


def test_every_tab_that_the_story_opens_is_there() -> None:
    first = {next(iter(_operations(parse(path.read_text("utf-8")))))[0] for path in TABS.glob("*.graphql")}

    assert set(re.findall(r"[Tt]ab\s+`(\w+)`", GUIDE)) == first
    assert set(re.findall(r"[Tt]ab\s+`(\w+)`", README)) <= first


def test_every_command_that_a_page_names_is_there() -> None:
    named = set(_named_commands())

    assert len(named) >= 10
    assert [command for command in sorted(named) if not _is_command(command.split())] == []


def test_every_command_that_is_there_stands_in_the_table() -> None:
    table = set(_commands_in_table())

    assert table == command_names()


def test_every_option_that_the_table_names_is_its_commands() -> None:
    wrong = [
        f"{command} {option}"
        for command, message in _rows_of_commands()
        for option in re.findall(r"--[a-z-]+", message)
        if option not in _help_of(command)
    ]

    assert wrong == []


def test_the_table_of_settings_and_the_settings_are_the_same() -> None:
    table = [name.strip() for row in rows(SETTINGS, "# Settings") for name in row[0].split(",")]

    assert sorted(table) == sorted(name.upper() for name in Settings.model_fields)


def test_every_setting_that_a_page_names_is_one() -> None:
    known = {f"INSTALLED_APPS_{name.upper()}" for name in Settings.model_fields}
    of_reporting = {"INSTALLED_APPS_URL", "INSTALLED_APPS_TOKEN"}

    assert set(re.findall(r"INSTALLED_APPS_[A-Z]+(?:_[A-Z]+)*", ALL)) <= known | of_reporting


def test_no_secret_stands_on_a_command_line_that_a_page_shows() -> None:
    secrets = re.compile(r"\$\{?INSTALLED_APPS_(?:TOKEN|DATABASE_URL|REDIS_URL|\w*SECRET|\w*_TOKEN)|\w+://[^ /]*…|PASSWORD=")
    commands = [command for line in re.findall(r"^\$ (.*)$", ALL, re.MULTILINE) for command in line.split(" | ")]
    of_the_shell = ("export ", "printf ")  # which are no processes

    assert len(commands) >= 20
    assert [command for command in commands if secrets.search(command) and not command.startswith(of_the_shell)] == []


def test_every_file_of_the_project_that_a_page_names_is_there() -> None:
    named = re.findall(r"(?<![\w./-])((?:app|tests|scripts|tools|operations|requirements)/[\w./-]*\w|\.ci/run)", ALL)

    assert len(named) >= 50
    assert sorted({path for path in named if not (ROOT / path).exists()}) == []


def _operations(document: DocumentNode) -> Iterator[tuple[str, str]]:
    for definition in document.definitions:
        assert isinstance(definition, OperationDefinitionNode)
        assert definition.name is not None
        yield definition.name.value, print_ast(definition)


def _rows_of_commands() -> Iterator[tuple[str, str]]:
    """Yield each command of the table with what is said of it; words in capitals and options are no part of its name."""
    for shown, message in rows(COMMANDS, "# Commands"):
        texts = re.findall(r"`([^`]+)`", shown)
        for text in texts:
            yield " ".join(re.findall(r"^[a-z -]+?(?= --| [A-Z]|$)", text)), text + (message if len(texts) == 1 else "")


def _commands_in_table() -> Iterator[str]:
    return (command for command, _ in _rows_of_commands())


def _named_commands() -> Iterator[str]:
    """Yield the longest command that stands behind each `python -m app`, or else the first word there."""
    for text in re.findall(r"python -m app ([a-z][^\n`]*)", ALL):
        words = text.split()
        lengths = (length for length in (2, 1) if _is_command(words[:length]))
        yield " ".join(words[: next(lengths, 1)])


def _is_command(words: list[str]) -> bool:
    return " ".join(words) in command_names()


@cache
def _help_of(command: str) -> str:
    return CliRunner().invoke(cli, [*command.split(), "--help"], env={"COLUMNS": "400", "NO_COLOR": "1"}).output
