"""schema.graphql, read by linters that others wrote. What they are told not to mind has its reason beside it, in graphql/."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.peers import javascript

pytestmark = pytest.mark.processes

SCHEMA = Path(__file__).parent.parent.parent / "schema.graphql"
STRAY = '\n"""nowhere to be had"""\ntype Stray {\n  """made up"""\n  made_up: Int\n  bare: Int\n}\n'


@pytest.fixture
def folder(programs: Path, tmp_path: Path) -> Path:
    """Return a folder of a test's own with the programs and schema.graphql."""
    del programs  # they have to be installed
    shutil.copy(SCHEMA, tmp_path)
    return javascript.lay_out(tmp_path)


def ask_eslint(folder: Path) -> list[Any]:
    [seen] = javascript.run(folder, "node_modules/eslint/bin/eslint.js", "--format", "json", SCHEMA.name)
    return [(fault["ruleId"], fault["line"], fault["message"]) for fault in seen["messages"]]


def ask_schema_linter(folder: Path) -> list[Any]:
    program = "node_modules/graphql-schema-linter/lib/cli.js"
    seen = javascript.run(folder, program, "--config-directory", ".", "--format", "json", SCHEMA.name)
    return [(fault["rule"], fault["location"]["line"], fault["message"]) for fault in seen["errors"]]


@pytest.mark.parametrize("ask", [ask_eslint, ask_schema_linter])
def test_the_linters_have_nothing_against_the_schema(ask: Callable[[Path], list[Any]], folder: Path) -> None:
    assert ask(folder) == []


@pytest.mark.parametrize(
    ("ask", "rules"),
    [
        (
            ask_eslint,
            {
                "@graphql-eslint/naming-convention",
                "@graphql-eslint/no-unreachable-types",
                "@graphql-eslint/require-description",
                "@graphql-eslint/strict-id-in-types",
            },
        ),
        (
            ask_schema_linter,
            {
                "defined-types-are-used",
                "descriptions-are-capitalized",
                "fields-are-camel-cased",
                "fields-have-descriptions",
            },
        ),
    ],
)
def test_a_linter_finds_what_strays_from_the_rules(ask: Callable[[Path], list[Any]], rules: set[str], folder: Path) -> None:
    (folder / SCHEMA.name).write_text(SCHEMA.read_text() + STRAY)

    faults = ask(folder)

    assert {rule for rule, *_ in faults} == rules
