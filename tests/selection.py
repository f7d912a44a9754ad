"""Which tests a run leaves out, and a line that says how many."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import is_hypothesis_test

ENDURANCE = "endurance journeys (scripts/soak)"
PROCESSES = "tests that start processes (scripts/test --processes)"
NO_DATABASE = "tests that need no database"
REST = "tests that use rows as others do (scripts/test --rest)"
ROWS = "tests of what databases do (scripts/test)"
FRONT = "tests of what stands in front of the service"

_DATABASES = {"database_template", "database_url"}
_PEERS = {"doorkeeper_url", "prism", "programs"}
"""Fixtures that start programs of others, which takes each process of a run seconds."""

_OF_ROWS = re.compile(r"tests/(activity|deliveries|log|sealing|storage)/|/test_(jobs|models|pages|retention)\.py")
"""What is tested there is what each database does in its way: locks, order, types. Other tests use rows as these do."""

_OF_FRONT = re.compile(r"tests/(abuse|pages|peers|web)/|/test_(ci_page|networks|quickstart)\.py")
"""What is tested there are browsers, clients, proxies and strangers: all that they meet are answers, whatever keeps the rows."""

_left_out = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--repeat",
        choices=("all", "rows", "rest", "behind"),
        help="Leave out what ran beside another database, as it needs none. Of the others: `rows`: one case of each test of what "
        "databases do; `rest`: all but these, and property tests; `behind`: all but what stands in front of the service.",
    )


@pytest.hookimpl(tryfirst=True)  # before markers select
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if not _PEERS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.processes)
    repeat = config.getoption("repeat")
    if repeat is None:
        return
    kept = set(_repeated(list(filter(needs_database, items)), repeat))
    left_out = [item for item in items if item not in kept]
    if left_out:
        items[:] = [item for item in items if item in kept]
        config.hook.pytest_deselected(items=left_out)


def _repeated(items: Sequence[pytest.Item], repeat: str) -> Iterable[pytest.Item]:
    rows = _one_case_each(item for item in items if _OF_ROWS.search(item.nodeid))
    match repeat:
        case "rows":
            return rows
        case "rest":  # of a property `rows` tries few examples
            return [item for item in items if item not in rows or is_hypothesis_test(getattr(item, "obj", None))]
        case "behind":
            return [item for item in items if not _OF_FRONT.search(item.nodeid) or item.get_closest_marker("skipif")]
        case _:
            return items


def needs_database(item: pytest.Item) -> bool:
    """Whether it may go otherwise beside another database; so also what is skipped on a condition, which the run may decide."""
    return not _DATABASES.isdisjoint(getattr(item, "fixturenames", ())) or item.get_closest_marker("skipif") is not None


def _one_case_each(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    firsts: dict[str, pytest.Item] = {}
    for item in items:
        firsts.setdefault(item.nodeid.partition("[")[0], item)
    return set(firsts.values())


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count what the run leaves out by itself; what somebody did not ask for, they know."""
    for reason, count in Counter(map(_reason, items)).items():
        if reason is not None:
            counted = items[0].config.stash.setdefault(_left_out, {})
            counted[reason] = counted.get(reason, 0) + count


def _reason(item: pytest.Item) -> str | None:
    for marker, reason in (("endurance", ENDURANCE), ("processes", PROCESSES)):
        if item.get_closest_marker(marker) and f"not {marker}" in item.config.option.markexpr:
            return reason
    repeat = item.config.getoption("repeat")
    if repeat is None:
        return None
    if not needs_database(item):
        return NO_DATABASE
    return {"rows": REST, "rest": ROWS, "behind": FRONT}.get(repeat)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a process of several left out to the one that speaks. All of them leave out the same."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(_left_out, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    left_out = getattr(node, "workeroutput", {}).get("left_out")
    if left_out:
        node.config.stash[_left_out] = left_out


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash.get(_left_out, {})
    if left_out:
        terminalreporter.write_line("Left out: " + ", ".join(f"{count} {reason}" for reason, count in left_out.items()) + ".")
