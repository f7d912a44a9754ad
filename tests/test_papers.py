"""The pages hold together: their links lead somewhere, their lines are short, and each promise names a test."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.papers import ROOT, anchors, links, read_pages, rows, without_code

PAGES = read_pages()
DECISIONS = ROOT / "docs" / "decisions"
EACH_PAGE = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
LONGEST_LINE = 160


@EACH_PAGE
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(path: Path) -> None:
    wrong = [link for link in links(PAGES[path]) if not _leads_somewhere(path, link)]

    assert wrong == []


@EACH_PAGE
def test_no_line_of_prose_is_too_long_to_be_read(path: Path) -> None:
    lines = without_code(PAGES[path]).splitlines()

    assert [line for line in lines if len(line) > LONGEST_LINE and not line.startswith("|")] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), {ROOT / "README.md"}
    while waiting:
        path = waiting.pop()
        reached.add(path)
        linked = {(path.parent / link.split("#")[0]).resolve() for link in links(PAGES[path]) if not link.startswith("#")}
        waiting |= (linked & PAGES.keys()) - reached

    assert PAGES.keys() - reached == set()


def test_every_page_of_the_docs_stands_in_their_index() -> None:
    index = ROOT / "docs" / "README.md"

    linked = {link.split("#")[0] for link in links(PAGES[index])}

    assert {path.name for path in index.parent.glob("*.md")} - {index.name} <= linked


def test_every_promise_names_tests_that_are_there() -> None:
    promises = list(rows(PAGES[ROOT / "docs" / "security.md"], "## What is promised"))

    assert len(promises) >= 20
    for promise, shown_by in promises:
        named = re.findall(r"\[tests/[\w/]+\.py\]\(\.\./(tests/[\w/]+\.py)\)", shown_by)
        assert named, promise
        assert [
            path for path in named if not re.search(r"^(async )?def test_", (ROOT / path).read_text("utf-8"), re.MULTILINE)
        ] == []


def test_decisions_are_numbered_dated_and_have_a_status() -> None:
    files = sorted(DECISIONS.glob("[0-9]*.md"))

    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        form = rf"# {file.name[:4]}: .+\n\nDate: 2\d{{3}}-\d\d-\d\d\\\nStatus: (accepted|superseded by \d{{4}})\n\n## Context\n\n"
        assert re.match(form, PAGES[file]), file.name
        assert re.findall(r"^## (.*)$", PAGES[file], re.MULTILINE) == ["Context", "Decision", "Cost"]
        assert re.search(r"^##.*\n\n(##|\Z)", PAGES[file], re.MULTILINE) is None


def test_the_index_of_decisions_tells_each_as_its_file_does() -> None:
    told = [tuple(row) for row in rows(PAGES[DECISIONS / "README.md"], "# Decisions")]

    assert told == [_row_of(file) for file in sorted(DECISIONS.glob("[0-9]*.md"))]


def test_the_workflow_runs_the_proof_within_an_hour_without_rights_and_secrets() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    workflow: dict[str, Any] = yaml.safe_load(text)
    [job] = workflow["jobs"].values()

    assert job["steps"][-1] == {"run": "bash .ci/run"}
    assert job["timeout-minutes"] == 60
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in text


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not anchor or anchor in anchors(PAGES[target]))


def _row_of(file: Path) -> tuple[str, str, str, str]:
    head = re.match(r"# (\d{4}): (.+)\n\nDate: (.+)\\\nStatus: (.+)\n", PAGES[file])
    assert head is not None
    number, title, date, status = head.groups()
    return f"[{number}]({file.name})", title, date, status
