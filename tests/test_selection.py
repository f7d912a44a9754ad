"""What a run leaves out it says."""

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("processes", [(), ("-n", "1")], ids=["alone", "in processes"])
def test_what_needs_no_database_is_left_out_and_counted(processes: tuple[str, ...]) -> None:
    said = collect(*processes, "--repeat=all", "tests/sealing/test_secret.py", "tests/storage/test_database.py")

    assert re.search(r"^Left out: \d+ tests that need no database\.$", said, re.MULTILINE)
    assert "test_secret.py::" not in said


def test_what_is_not_run_beside_another_database_at_once_is_left_to_the_rest_and_counted() -> None:
    paths = ("tests/deliveries/test_settling.py", "tests/sign_ins/test_hooks.py")
    whole, rows, rest = (collect(f"--repeat={repeat}", *paths) for repeat in ("all", "rows", "rest"))

    assert sorted(names_in(rows) + names_in(rest)) == sorted(names_in(whole))
    assert rows.count("::test_what_may_pass_is_tried_again[") == 1
    assert "test_hooks.py::" not in rows
    assert re.search(r"^Left out: .*\b\d+ tests that use rows as others do \(scripts/test --rest\)\.$", rows, re.MULTILINE)
    assert re.search(r"^Left out: .*\b\d+ tests of what databases do \(scripts/test\)\.$", rest, re.MULTILINE)


def test_what_stands_in_front_of_the_service_meets_one_database_and_is_counted() -> None:
    said = collect(
        "--repeat=behind", "tests/web/wire/test_costs.py", "tests/peers/test_clients.py", "tests/sign_ins/test_hooks.py"
    )

    assert {name.partition("::")[0] for name in names_in(said)} == {"tests/sign_ins/test_hooks.py"}
    assert re.search(r"^Left out: .*\b2 tests of what stands in front of the service\.$", said, re.MULTILINE)


def test_what_a_run_may_skip_is_left_out_of_none() -> None:
    """Skipped beside one database and left out beside the other, it would never run."""
    said = collect(
        "--repeat=all", "tests/storage/test_postgres.py", "tests/storage/test_sqlite.py", "tests/journeys/test_history.py"
    )

    assert "test_history.py::" in said
    assert "Left out:" not in said


def test_endurance_journeys_are_left_out_and_counted() -> None:
    said = collect("-m", "not endurance", "tests/journeys")

    assert re.search(r"^Left out: \d+ endurance journeys \(scripts/soak\)\.$", said, re.MULTILINE)
    assert "test_kills.py::" not in said
    assert "test_slack_story.py::" in said


def test_what_starts_processes_is_left_out_and_counted() -> None:
    said = collect("-m", "not endurance and not processes", "tests/console")

    assert re.search(r"^Left out: .*\b\d+ tests that start processes \(scripts/test --processes\)", said, re.MULTILINE)
    assert "test_workers.py::" not in said
    assert "test_checking.py::" in said


def names_in(said: str) -> list[str]:
    return [line for line in said.splitlines() if "::" in line]


def collect(*options: str) -> str:
    """Return what pytest says when it only looks for tests."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout  # noqa: S603 - our own suite
