import hashlib
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.errors import StatedProblem
from app.monitors.models import Failure, RunOutcome
from app.monitors.newman import read_report
from app.monitors.reported import ReportedRun
from tests.abuse.law.doubling import time_thread

DATA = Path(__file__).parent.parent / "data"


def report(name: str, *, folder: str = "newman") -> bytes:
    return (DATA / folder / f"{name}.json").read_bytes()


def read(body: bytes, **told: str) -> ReportedRun:
    return read_report(io.BytesIO(body), monitor_key="checkout", **told)


def changed(**run: Any) -> bytes:
    whole = json.loads(report("failed"))
    whole["run"] |= run
    return json.dumps(whole).encode()


def test_a_run_that_passed() -> None:
    reported = read(report("passed"))

    assert reported.outcome is RunOutcome.PASSED
    assert (reported.request_count, reported.test_count, reported.failed_test_count, reported.error_count) == (3, 5, 0, 0)
    assert reported.failures == ()
    assert reported.started_at.tzinfo is UTC
    assert reported.started_at == datetime(2026, 11, 22, 0, 20, 17, 547000, tzinfo=UTC)
    assert reported.duration_ms == 75
    assert reported.run_id == hashlib.sha256(report("passed")).hexdigest()
    assert (reported.monitor_key, reported.monitor_name, reported.url) == ("checkout", None, None)


def test_failed_assertions_make_it_failed() -> None:
    reported = read(report("failed"), monitor_name="Checkout", run_id="17", url="https://ci.example")

    assert (reported.outcome, reported.failed_test_count, reported.error_count) == (RunOutcome.FAILED, 2, 0)
    assert reported.failures == (
        Failure("Place an order: answers 201", "expected response to have status code 201 but got 500"),
        Failure("Place an order: costs “12 €” & no <less>", "expected '0 €' to equal '12 €'"),
    )
    assert (reported.run_id, reported.monitor_name, reported.url) == ("17", "Checkout", "https://ci.example")


def test_request_and_script_errors_make_it_an_error() -> None:
    reported = read(report("error"))

    assert (reported.outcome, reported.failed_test_count, reported.error_count) == (RunOutcome.ERROR, 1, 3)
    assert [failure.name for failure in reported.failures] == [
        "Place an order: prerequest-script",
        "Pay: request",
        "Pay: answers 200",
        "Pay: test-script",
    ]
    assert reported.failures[1].message == "connect ECONNREFUSED 127.0.0.1:4011"


def test_giving_up_at_a_failed_assertion_is_no_error_of_its_own() -> None:
    reported = read(report("bailed"))

    assert (reported.outcome, reported.failed_test_count, reported.error_count) == (RunOutcome.FAILED, 2, 0)
    assert len(reported.failures) == 2


def test_a_run_that_never_began_is_an_error() -> None:
    whole = changed(
        failures=[],
        stats={"requests": {"total": 0}, "assertions": {"total": 0, "failed": 0}},
        error={"name": "Error", "message": "could not load"},
    )

    reported = read(whole)

    assert (reported.outcome, reported.error_count) == (RunOutcome.ERROR, 1)
    assert reported.failures == (Failure("Error", "could not load"),)


def test_only_the_first_hundred_failures_are_named() -> None:
    failures = json.loads(report("failed"))["run"]["failures"] * 70

    reported = read(changed(failures=failures))

    assert len(reported.failures) == 100


@pytest.mark.parametrize("structure", ["native", "newman"])
def test_the_postman_cli_tells_the_same_in_both_structures(structure: str) -> None:
    passed, failed, error, bailed, nothing = (
        read(report(f"{structure}-{name}", folder="postman_cli"))
        for name in ("passed", "failed", "error", "bailed", "nothing-ran")
    )

    assert [run.outcome.value for run in (passed, failed, error, bailed, nothing)] == [
        "PASSED",
        "FAILED",
        "ERROR",
        "FAILED",
        "NOTHING_RAN",
    ]
    assert (passed.request_count, passed.test_count, passed.failures) == (3, 5, ())
    assert (failed.request_count, failed.test_count, failed.failed_test_count, failed.error_count) == (3, 5, 2, 0)
    assert (
        failed.failures
        == bailed.failures
        == (
            Failure("Place an order: answers 201", "expected response to have status code 201 but got 500"),
            Failure("Place an order: costs “12 €” & no <less>", "expected '0 €' to equal '12 €'"),
        )
    )
    assert (error.failed_test_count, error.error_count) == (1, 3)
    assert Failure("Pay: request", "connect ECONNREFUSED 127.0.0.1:4011") in error.failures
    assert {run.duration_ms for run in (passed, failed, error, bailed, nothing)} == {0}
    assert (passed.started_at.year, passed.started_at.tzinfo) == (2026, UTC)


@pytest.mark.parametrize("structure", ["native", "newman"])
def test_what_scripts_throw_is_a_text_whatever_it_is(structure: str) -> None:
    reported = read(report(f"{structure}-odd", folder="postman_cli"))

    assert (reported.outcome, reported.test_count, reported.failed_test_count, reported.error_count) == (
        RunOutcome.ERROR,
        4,
        3,
        1,
    )
    assert sorted((failure.name, failure.message) for failure in reported.failures) == sorted(
        [
            ("a: thrown object", "thrown object"),
            ("a: \ufffd half", "\ufffd"),
            ("a: null", '{"a":1}'),
            (f"a: {'test-script' if structure == 'newman' else 'post-response'}", ""),
        ]
    )


@pytest.mark.parametrize(
    ("name", "outcome", "counts", "failures"),
    [
        ("bom", "FAILED", (2, 3, 1, 0), [("List orders: answers 200", "expected 503 to equal 200")]),
        ("message-is-an-object", "FAILED", (2, 3, 1, 0), [("List orders: answers 200", '{"code":5}')]),
        ("nothing-ran", "NOTHING_RAN", (0, 0, 0, 0), []),
        ("postman-cli-native", "FAILED", (2, 3, 1, 0), [("List orders: answers 200", "expected 503 to equal 200")]),
        ("postman-cli-newman-structure", "FAILED", (2, 3, 1, 0), [("List orders: answers 200", "expected 503 to equal 200")]),
    ],
)
def test_odd_reports_are_read_as_they_are_meant(
    name: str, outcome: str, counts: tuple[int, ...], failures: list[tuple[str, str]]
) -> None:
    reported = read(report(name, folder="odd_reports"))

    assert reported.outcome.value == outcome
    assert (reported.request_count, reported.test_count, reported.failed_test_count, reported.error_count) == counts
    assert [(failure.name, failure.message) for failure in reported.failures] == failures


def test_fifteen_hundred_failures_are_all_counted() -> None:
    reported = read(report("1500-failures", folder="odd_reports"))

    assert (reported.outcome, reported.failed_test_count, len(reported.failures)) == (RunOutcome.FAILED, 1500, 100)


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        ("plain", "plain"),
        ("a\ud800b", "a\ufffdb"),
        ("pair 😀", "pair 😀"),
        (None, ""),
        (5, "5"),
        (True, "true"),
        (["a", {"b": None}], '["a",{"b":null}]'),
        ("x" * 100_000, "x" * 999 + "…"),
        (["x"] * 100_000, None),
    ],
)
def test_an_odd_text_becomes_a_text_wherever_it_stands(odd: object, text: str | None) -> None:
    error = {"name": odd, "message": odd, "test": odd}
    whole = changed(
        failures=[
            {"error": error, "at": "assertion:0 in test-script", "source": {"name": odd}},
            {"error": odd, "at": odd, "source": odd},
        ]
    )

    first, second = read(whole).failures

    assert first.message == second.message == (text if text is not None else second.message)
    assert len(first.message) <= 1000


def test_a_message_that_is_an_object_is_its_json() -> None:
    [failure] = read(changed(failures=[{"error": {"message": {"ü": "\udc00", "n": 1.5}}, "at": "request"}])).failures

    assert failure.message == '{"ü":"\ufffd","n":1.5}'


def test_a_failure_of_bytes_that_are_no_text_is_kept() -> None:
    whole = changed(failures=[{"error": {"message": "HERE"}, "at": "request"}]).replace(b"HERE", b"caf\xe9 \\x \t|")

    [failure] = read(whole).failures

    assert failure == Failure("request", "caf\ufffd \\x \t|")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_report_in_another_encoding_is_read_by_its_mark(encoding: str) -> None:
    text = report("failed").decode()
    body = text.encode(encoding) if encoding != "utf-16-be" else b"\xfe\xff" + text.encode(encoding)

    assert read(body).failures == read(report("failed")).failures


def test_what_ended_a_run_is_an_error_of_it_though_tests_failed_before() -> None:
    ended = read(changed(error={"name": "Error", "message": "the run took too long"}))

    assert (ended.outcome, ended.error_count, ended.failed_test_count) == (RunOutcome.ERROR, 1, 2)
    assert ended.failures[-1] == Failure("Error", "the run took too long")


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (b"", "it is empty"),
        (report("failed")[:-9], "it is cut off before its end"),
        (report("failed") + b"{}", "it is not JSON"),
        (b'{"run": {}, "run": {}}', "it has a name twice"),
        (b'{"run": {"stats": {"requests": {"total": 1, "total": 2}}}}', "it has a name twice"),
        (changed(stats={"requests": {"total": "x" * 70_000}}), "has to be short"),
        (b"\0" * 100, "it is not JSON"),
        (b"newman run\n", "it is not JSON"),
        (b"[]", "the whole"),
        (b"{}", "run: Field required"),
        (b'{"run": {}}', "run.stats: Field required"),
        (b'{"collection": {"info": {}}}', "run: Field required"),
        (changed(stats={"requests": {"total": -1}, "assertions": {"total": 1, "failed": 0}}), "run.stats.requests.total"),
        (changed(timings={"started": "yesterday", "completed": 1}), "run.timings.started"),
        (changed(timings={"started": 10**18, "completed": 1}), "run.timings.started"),
        (changed(timings={"started": 1, "completed": "later"}), "run.timings.completed"),
        (changed(failures={}), "run.failures"),
        (changed(failures=[{"at": "request"}]), "run.failures.0.error: Field required"),
        (b'{"run": {"summary": {}, "meta": {}, "executions": [7]}}', "run.executions.0"),
        (b'{"run": {"summary": {}, "meta": {}, "executions": []}}', "run.meta.started: Field required"),
        (report("collection"), "run: Field required"),
    ],
)
def test_what_is_no_report_is_said_to_be_none(odd: bytes, says: str) -> None:
    with pytest.raises(StatedProblem) as problem:
        read(odd)

    assert says in problem.value.message
    assert "newman run … -r json" in problem.value.message


def test_behind_the_first_failure_that_is_none_no_other_is_looked_at() -> None:
    odd = changed(failures=[1] * 400_000)

    def read_odd() -> None:
        with pytest.raises(StatedProblem, match=r"failures\.0"):
            read(odd)

    assert min(time_thread(read_odd) for _ in range(3)) < 1


_MEASURE = """
import re, sys
from pathlib import Path
from app.monitors.newman import read_report
with Path(sys.argv[1]).open("rb") as report:
    reported = read_report(report, monitor_key="m")
print(reported.error_count, len(reported.failures), re.search(r"VmHWM:\\s*([0-9]+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.processes
def test_four_hundred_megabytes_are_read_in_less_than_two_hundred(tmp_path: Path) -> None:
    failure = {
        "error": {"name": "AssertionError", "message": "no", "test": "t", "stack": "s"},
        "at": "assertion:0 in test-script",
    }
    counts = {"requests": {"total": 200}, "assertions": {"total": 10_000, "failed": 10_000}}
    file = tmp_path / "report.json"
    with file.open("wb") as written:
        written.write(json.dumps({"run": {"stats": counts, "timings": {"started": 1}}}).encode()[:-2] + b', "executions": [')
        for _ in range(270):
            written.write(b'{"response": {"stream": {"type": "Buffer", "data": [' + b"123,\n            " * 58_000 + b"0]}}},")
        written.write(b'{"response": "' + b"a body " * 15_000_000 + b'"}], "failures": [')
        written.write((json.dumps(failure).encode() + b",") * 10_000)
        written.write(b'{"at": "request", "error": {"message": "' + b"m" * 50_000_000 + b'"}}]}}')
    assert file.stat().st_size > 400_000_000

    done = subprocess.run([sys.executable, "-c", _MEASURE, str(file)], capture_output=True, text=True, check=True)  # noqa: S603 - our own

    errors, listed, kibibytes = map(int, done.stdout.split())
    assert (errors, listed) == (1, 100)
    assert kibibytes < 200 * 1024


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda value: json.dumps(value).encode())
)
def test_no_file_breaks_the_reader(odd: bytes) -> None:
    with pytest.raises(StatedProblem):
        read(odd)
