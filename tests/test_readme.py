"""The README says nothing that the code does not have."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer
from graphql import DocumentNode, OperationDefinitionNode, build_schema, parse, print_ast, validate
from typer.testing import CliRunner

from app.__main__ import cli
from app.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
TABS = ROOT / "app/graphql/graphiql/operations"

OPERATIONS = re.findall(r"^```graphql\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_it_stays_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 800


def test_it_shows_operations() -> None:
    assert len(OPERATIONS) >= 5


@pytest.mark.parametrize("text", OPERATIONS)
def test_every_operation_fits_the_schema(text: str) -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))

    assert validate(schema, parse(text)) == []


def test_every_operation_of_the_story_is_the_one_in_its_tab() -> None:
    tabs = dict(pair for path in TABS.glob("*.graphql") for pair in _operations(parse(path.read_text("utf-8"))))

    shown = [pair for text in OPERATIONS for pair in _operations(parse(text)) if pair[0] in tabs]

    assert len(shown) >= 5
    assert [name for name, text in shown if text != tabs[name]] == []


def test_every_tab_that_the_story_opens_is_there() -> None:
    first = {next(iter(_operations(parse(path.read_text("utf-8")))))[0] for path in TABS.glob("*.graphql")}

    assert set(re.findall(r"Tab `(\w+)`", README)) == first


def test_every_command_that_it_names_is_there() -> None:
    named = set(_named_commands())

    assert len(named) >= 10
    assert [command for command in sorted(named) if not _is_command(command.split())] == []


def test_every_command_that_is_there_stands_in_the_table() -> None:
    table = set(_commands_in_table())

    assert table == set(_commands(cli))


def test_every_option_that_the_table_names_is_its_commands() -> None:
    wrong = [
        f"{command} {option}"
        for command, words in _rows_of_commands()
        for option in re.findall(r"--[a-z-]+", words)
        if option not in _help_of(command)
    ]

    assert wrong == []


def test_the_table_of_settings_and_the_settings_are_the_same() -> None:
    table = [name.strip() for row in _rows("### Settings") for name in row[0].split(",")]

    assert sorted(table) == sorted(name.upper() for name in Settings.model_fields)


def test_every_setting_that_it_names_elsewhere_is_one() -> None:
    known = {f"INSTALLED_APPS_{name.upper()}" for name in Settings.model_fields}
    of_reporting = {"INSTALLED_APPS_URL", "INSTALLED_APPS_TOKEN"}

    assert set(re.findall(r"INSTALLED_APPS_[A-Z]+(?:_[A-Z]+)*", README)) <= known | of_reporting


def test_every_file_that_it_links_to_or_names_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith(("https:", "#"))]
    named = re.findall(r"`?\b((?:app|tests|scripts|tools)/[\w./-]*\w|\.ci/run)", README)

    assert links
    assert [path for path in [*links, *named] if not (ROOT / path).exists()] == []


def test_every_heading_that_it_links_to_is_there() -> None:
    headings = {
        re.sub(r"[^a-z -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in re.findall(r"^#+ .*$", README, re.MULTILINE)
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= headings


def _operations(document: DocumentNode) -> Iterator[tuple[str, str]]:
    for definition in document.definitions:
        assert isinstance(definition, OperationDefinitionNode)
        assert definition.name is not None
        yield definition.name.value, print_ast(definition)


def _rows(heading: str) -> Iterator[list[str]]:
    """Yield the cells of the first table below the heading, without its head."""
    below = README.split(f"\n{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None
    for line in table.group().splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _rows_of_commands() -> Iterator[tuple[str, str]]:
    """Yield each command of the table with what is said of it; words in capitals and options are no part of its name."""
    for shown, words in _rows("### Command line"):
        texts = re.findall(r"`([^`]+)`", shown)
        for text in texts:
            yield " ".join(re.findall(r"^[a-z -]+?(?= --| [A-Z]|$)", text)), text + (words if len(texts) == 1 else "")


def _commands_in_table() -> Iterator[str]:
    return (command for command, _ in _rows_of_commands())


def _named_commands() -> Iterator[str]:
    """Yield the longest command that stands behind each `python -m app`, or else the first word there."""
    for text in re.findall(r"python -m app ([a-z][^\n`]*)", README):
        words = text.split()
        lengths = (length for length in (2, 1) if _is_command(words[:length]))
        yield " ".join(words[: next(lengths, 1)])


def _is_command(words: list[str]) -> bool:
    return " ".join(words) in set(_commands(cli))


def _commands(group: typer.Typer, *, above: tuple[str, ...] = ()) -> Iterator[str]:
    for command in group.registered_commands:
        if command.hidden:  # for the service itself
            continue
        assert command.callback is not None
        yield " ".join((*above, command.name or command.callback.__name__))
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from _commands(inner.typer_instance, above=(*above, str(inner.name)))


@cache
def _help_of(command: str) -> str:
    return CliRunner().invoke(cli, [*command.split(), "--help"], env={"COLUMNS": "400", "NO_COLOR": "1"}).output
