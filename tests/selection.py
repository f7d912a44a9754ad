"""Which tests a run leaves out, and a line that says how many."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

ENDURANCE = "endurance journeys (scripts/soak)"
PROCESSES = "tests that start processes (scripts/test --processes)"
NO_DATABASE = "tests that need no database"
ALIKE = "cases that touch the database as another case does"

_DATABASES = {"database_template", "database_url"}
_left_out = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--needing-database",
        action="store_true",
        help="Leave out what ran beside another: what needs no database, and cases alike.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("needing_database"):
        return
    kept = _one_of_those_alike([item for item in items if needs_database(item)])
    left_out = [item for item in items if item not in kept]
    if left_out:
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)


def needs_database(item: pytest.Item) -> bool:
    """Whether it may go otherwise beside another database; so also what is skipped on a condition, which the run may decide."""
    return not _DATABASES.isdisjoint(getattr(item, "fixturenames", ())) or item.get_closest_marker("skipif") is not None


def _one_of_those_alike(items: Sequence[pytest.Item]) -> dict[pytest.Item, None]:
    """Keep the first case of each test whose cases are marked to be alike, and every case of the others."""
    firsts: dict[str, pytest.Item] = {}
    for item in items:
        test = item.nodeid.partition("[")[0] if item.get_closest_marker("alike") else item.nodeid
        firsts.setdefault(test, item)
    return dict.fromkeys(firsts.values())


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
    if not item.config.getoption("needing_database"):
        return None
    if not needs_database(item):
        return NO_DATABASE
    return ALIKE if item.get_closest_marker("alike") else None


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
