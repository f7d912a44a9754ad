import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.errors import StatedProblem
from app.monitors.models import Failure, RunOutcome
from app.monitors.newman import read_report

REPORTS = Path(__file__).parent.parent / "data" / "newman"


def report(name: str) -> bytes:
    return (REPORTS / f"{name}.json").read_bytes()


def changed(**run: Any) -> bytes:
    whole = json.loads(report("failed"))
    whole["run"] |= run
    return json.dumps(whole).encode()


def test_a_run_that_passed() -> None:
    reported = read_report(report("passed"), monitor_key="checkout")

    assert reported.outcome is RunOutcome.PASSED
    assert (reported.request_count, reported.test_count, reported.failed_test_count, reported.error_count) == (3, 5, 0, 0)
    assert reported.failures == ()
    assert reported.started_at.tzinfo is UTC
    assert reported.started_at == datetime(2026, 11, 22, 0, 20, 17, 547000, tzinfo=UTC)
    assert reported.duration_ms == 75
    assert reported.run_id == hashlib.sha256(report("passed")).hexdigest()
    assert (reported.monitor_key, reported.monitor_name, reported.url) == ("checkout", None, None)


def test_failed_assertions_make_it_failed() -> None:
    reported = read_report(
        report("failed"), monitor_key="checkout", monitor_name="Checkout", run_id="17", url="https://ci.example"
    )

    assert (reported.outcome, reported.failed_test_count, reported.error_count) == (RunOutcome.FAILED, 2, 0)
    assert reported.failures == (
        Failure("Place an order: answers 201", "expected response to have status code 201 but got 500"),
        Failure("Place an order: costs “12 €” & no <less>", "expected '0 €' to equal '12 €'"),
    )
    assert (reported.run_id, reported.monitor_name, reported.url) == ("17", "Checkout", "https://ci.example")


def test_request_and_script_errors_make_it_an_error() -> None:
    reported = read_report(report("error"), monitor_key="checkout")

    assert (reported.outcome, reported.failed_test_count, reported.error_count) == (RunOutcome.ERROR, 1, 3)
    assert [failure.name for failure in reported.failures] == [
        "Place an order: prerequest-script",
        "Pay: request",
        "Pay: answers 200",
        "Pay: test-script",
    ]
    assert reported.failures[1].message == "connect ECONNREFUSED 127.0.0.1:4011"


def test_giving_up_at_a_failed_assertion_is_no_error_of_its_own() -> None:
    reported = read_report(report("bailed"), monitor_key="checkout")

    assert (reported.outcome, reported.failed_test_count, reported.error_count) == (RunOutcome.FAILED, 2, 0)
    assert len(reported.failures) == 2


def test_a_run_that_never_began_is_an_error() -> None:
    whole = changed(
        failures=[],
        stats={"requests": {"total": 0}, "assertions": {"total": 0, "failed": 0}},
        error={"name": "Error", "message": "could not load"},
    )

    reported = read_report(whole, monitor_key="checkout")

    assert (reported.outcome, reported.error_count) == (RunOutcome.ERROR, 1)
    assert reported.failures == (Failure("Error", "could not load"),)


def test_only_the_first_hundred_failures_are_named() -> None:
    failures = json.loads(report("failed"))["run"]["failures"] * 70

    reported = read_report(changed(failures=failures), monitor_key="checkout")

    assert len(reported.failures) == 100


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (b"", "it is not JSON"),
        (b"newman run\n", "it is not JSON"),
        (b"[]", "the whole"),
        (b"{}", "run: Field required"),
        (b'{"run": {}}', "run.stats: Field required"),
        (b'{"collection": {"info": {}}}', "run: Field required"),
        (changed(stats={"requests": {"total": -1}, "assertions": {"total": 1, "failed": 0}}), "run.stats.requests.total"),
        (changed(timings={"started": "yesterday", "completed": 1}), "run.timings.started"),
        (changed(timings={"started": 10**18, "completed": 1}), "run.timings.started"),
        (changed(failures={}), "run.failures"),
        (report("collection"), "run: Field required"),
    ],
)
def test_what_is_no_report_is_said_to_be_none(odd: bytes, says: str) -> None:
    with pytest.raises(StatedProblem) as problem:
        read_report(odd, monitor_key="checkout")

    assert says in problem.value.message
    assert "newman run … -r json" in problem.value.message


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda value: json.dumps(value).encode())
)
def test_no_file_breaks_the_reader(odd: bytes) -> None:
    with pytest.raises(StatedProblem):
        read_report(odd, monitor_key="checkout")
