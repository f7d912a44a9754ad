"""Reports in JUnit's XML: what real runners wrote, and what is no report."""

import hashlib
import io
import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from app.console.reporting import report_junit
from app.errors import StatedProblem
from app.monitors.junit import ReportFile, read_reports
from app.monitors.models import Failure
from app.monitors.reported import ReportedRun, check
from tests.abuse.law.doubling import time_thread
from tests.monitors.test_report import RECORDED, TOKEN, answering

DATA = Path(__file__).parent.parent / "data" / "junit"
WRITTEN_AT = datetime(2026, 11, 29, 22, tzinfo=UTC)
ORDERS = (
    ("answers 201", "expected response to have status code 201 but got 500"),
    ("costs “12 €” & no <less>", "expected '0 €' to equal '12 €'"),
)


def read(*bodies: bytes) -> ReportedRun:
    reports = [ReportFile(io.BytesIO(body), WRITTEN_AT) for body in bodies]
    return read_reports(reports, monitor_key="checkout")


def read_file(name: str) -> ReportedRun:
    return read((DATA / f"{name}.xml").read_bytes())


def suite(inside: str = "", **attributes: str) -> bytes:
    told = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<testsuite{told}>{inside}</testsuite>".encode()


@pytest.mark.parametrize(
    ("name", "outcome", "counts", "duration_ms"),
    [
        ("playwright", "ERROR", (3, 1, 1), 6332),
        ("pytest", "ERROR", (3, 1, 1), 259),
        ("bruno", "ERROR", (5, 2, 1), 672),
        ("newman", "ERROR", (5, 3, 3), 84),
        ("newman-passed", "PASSED", (5, 0, 0), 97),
        ("postman-cli", "ERROR", (5, 3, 3), 34),
        ("node", "FAILED", (3, 2, 0), 92),
        ("k6", "FAILED", (3, 1, 0), 0),
        ("soapui", "FAILED", (2, 1, 0), 402),
    ],
)
def test_what_runners_write_is_counted(name: str, outcome: str, counts: tuple[int, ...], duration_ms: int) -> None:
    reported = read_file(name)

    assert (reported.outcome.value, reported.duration_ms) == (outcome, duration_ms)
    assert (reported.test_count, reported.failed_test_count, reported.error_count) == counts
    assert reported.request_count == 0
    assert reported.started_at.tzinfo is UTC
    assert check(reported, now=WRITTEN_AT) == reported


@pytest.mark.parametrize(
    ("name", "failures"),
    [
        (
            "playwright",
            [
                (
                    "shop.spec.ts: the shop \u203a costs “12 €” & no <less>",
                    "expect(received).toBe(expected) // Object.is equality",
                ),
                ("shop.spec.ts: the shop \u203a is paid", "apiRequestContext.post: connect ECONNREFUSED 127.0.0.1:4011"),
            ],
        ),
        ("bruno", [*((f"Place an order: {test}", said) for test, said in ORDERS[1:])]),
        ("newman", [(f"Order / Place an order: {test}", said) for test, said in ORDERS]),
        ("postman-cli", [(f"Order / Place an order: {test}", said) for test, said in ORDERS]),
        ("node", [("test: is paid", "fetch failed")]),
        ("soapui", [("Orders TestSuite: Places an order", "Cancelling due to failed test step")]),
    ],
)
def test_failures_are_named_by_where_they_stand(name: str, failures: list[tuple[str, str]]) -> None:
    told = read_file(name).failures

    assert set(failures) <= {(failure.name, failure.message) for failure in told}


def test_what_a_suite_counts_as_errors_beside_its_tests_is_named_once_with_what_it_printed() -> None:
    named = [failure for failure in read_file("newman").failures if failure.name == "Order / Pay"]

    assert len(named) == 1
    assert "connect ECONNREFUSED 127.0.0.1:4011" in named[0].message
    assert "testScriptError: missing is not defined" in named[0].message


def test_its_id_is_its_hash_and_it_began_when_the_first_suite_did() -> None:
    reported = read_file("newman")

    assert reported.run_id == hashlib.sha256((DATA / "newman.xml").read_bytes()).hexdigest()
    assert reported.started_at == datetime(2026, 11, 29, 21, 36, 10, 285000, tzinfo=UTC)


@pytest.mark.parametrize("told", ["", "yesterday", "1970-01-01T00:00:00", "9999-12-31T23:59:59-14:00"])
def test_without_a_moment_it_ended_when_it_was_written(told: str) -> None:
    reported = read(suite('<testcase name="a"/>', timestamp=told, time="90"))

    assert reported.started_at == WRITTEN_AT - timedelta(seconds=90)


def test_several_files_are_one_run() -> None:
    first = suite('<testcase name="a" time="1.5"><failure message="no"/></testcase>', timestamp="2026-11-29T10:00:02+01:00")
    second = suite('<testcase name="b"/>', time="1,000.25", timestamp="2026-11-29T09:00:01")

    reported = read(first, second)

    assert (reported.test_count, reported.failed_test_count, reported.duration_ms) == (2, 1, 1_001_750)
    assert reported.started_at == datetime(2026, 11, 29, 9, 0, 1, tzinfo=UTC)
    assert reported.run_id == hashlib.sha256(first + second).hexdigest()


@pytest.mark.parametrize(
    ("body", "outcome", "counts"),
    [
        (b"<testsuites/>", "NOTHING_RAN", (0, 0, 0)),
        (suite('<testcase name="a"><skipped/></testcase>', tests="1"), "NOTHING_RAN", (0, 0, 0)),
        (suite(tests="5", skipped="2", failures="1"), "FAILED", (3, 1, 0)),
        (suite('<testcase name="a"/>', tests="5"), "PASSED", (1, 0, 0)),
        (suite("<testcase><failure/><error/></testcase>"), "ERROR", (1, 1, 1)),
        (suite("<testcase><failure/><failure/></testcase>"), "FAILED", (1, 1, 0)),
        (suite("<testcase><rerunFailure/><flakyFailure/></testcase>"), "PASSED", (1, 0, 0)),
        (
            b'<n:testsuites xmlns:n="urn:x"><n:testsuite><n:testcase><n:error/></n:testcase></n:testsuite></n:testsuites>',
            "ERROR",
            (1, 0, 1),
        ),
        (b"<testsuites><testsuite><testsuite><testcase/></testsuite></testsuite></testsuites>", "PASSED", (1, 0, 0)),
        (suite("<properties><testcase><failure/></testcase></properties>"), "NOTHING_RAN", (0, 0, 0)),
        (
            "<?xml version='1.0' encoding='latin-1'?><testsuite><testcase name='é'/></testsuite>".encode("latin-1"),
            "PASSED",
            (1, 0, 0),
        ),
        ("<testsuite><testcase/></testsuite>".encode("utf-16"), "PASSED", (1, 0, 0)),
    ],
)
def test_odd_reports_are_read_as_they_are_meant(body: bytes, outcome: str, counts: tuple[int, ...]) -> None:
    reported = read(body)

    assert reported.outcome.value == outcome
    assert (reported.test_count, reported.failed_test_count, reported.error_count) == counts


def test_the_first_hundred_failures_are_named_and_all_are_counted() -> None:
    reported = read(suite('<testcase classname="c" name="n"><failure>\n a long story \n</failure></testcase>' * 1_500))

    assert (reported.failed_test_count, len(reported.failures)) == (1_500, 100)
    assert reported.failures[0] == Failure("c: n", "a long story")


def test_texts_are_cut() -> None:
    huge = "m" * 100_000

    [failure] = read(suite(f'<testcase name="{huge}"><failure>{huge}</failure></testcase>', name=huge)).failures

    assert (len(failure.name), len(failure.message)) == (1_000, 1_000)


LAUGHS = "".join(
    f'<!ENTITY l{number} "{laugh * 10}">' for number, laugh in enumerate([f"&l{each};" for each in range(9)], start=1)
)
MALFORMED = {
    "empty": (b"", "it is empty"),
    "blank": (b"  \n", "it is cut off before its end"),
    "a text": (b"5 passed in 0.1s", "it is not XML"),
    "zeros": (b"\0" * 100, "it is not XML"),
    "JSON": (b'{"run": {}}', "it is not XML"),
    "HTML": (b"<!DOCTYPE html><html></html>", "document type declaration"),
    "HTML without a declaration": (b"<html><body>502</body></html>", "its root is <html>"),
    "a TAP file": (b"1..2\nok 1\n", "it is not XML"),
    "cut off in an element": (b"<testsuites><testsuite", "it is cut off before its end"),
    "cut off behind one": (b"<testsuites><testsuite>", "it is cut off before its end"),
    "cut off in a comment": (b"<testsuites><!-- ", "it is cut off before its end"),
    "cut off in a text": (b"<testsuites><![CDATA[ ", "it is cut off before its end"),
    "two roots": (b"<testsuite/><testsuite/>", "it is not XML: junk after document element (line 1, column 13)"),
    "elements that do not match": (b"<testsuites><testsuite></testsuites>", "it is not XML: mismatched tag"),
    "an attribute twice": (b'<testsuite name="a" name="b"/>', "it is not XML: duplicate attribute"),
    "an attribute without quotes": (b"<testsuite name=a/>", "it is not XML"),
    "a bare ampersand": (b"<testsuite>a & b</testsuite>", "it is not XML"),
    "a character that is none": (b"<testsuite>\x1b[31m</testsuite>", "it is not XML"),
    "bytes that are no UTF-8": (b"<testsuite>caf\xe9 </testsuite>", "it is not XML"),
    "an unknown encoding": (b'<?xml version="1.0" encoding="klingon"?><testsuite/>', "an encoding that is not known"),
    "an encoding that is none of texts": (
        b'<?xml version="1.0" encoding="base64"?><testsuite/>',
        "an encoding that is not known",
    ),
    "an entity of its own": (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite>&a;</testsuite>', "document type declaration"),
    "an entity that is not declared": (b"<testsuite>&nbsp;</testsuite>", "it is not XML: undefined entity"),
    "a billion laughs": (f"<!DOCTYPE l [{LAUGHS}]><testsuite>&l9;</testsuite>".encode(), "document type declaration"),
    "an external entity": (
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite>&a;</testsuite>',
        "document type declaration",
    ),
    "an external subset": (b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><testsuite/>', "document type declaration"),
    "a parameter entity": (
        b'<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><testsuite/>',
        "document type declaration",
    ),
    "nested without end": (b"<testsuite>" * 100_000, "it is nested more than 64 deep"),
    "another root": (b"<testng-results><suite/></testng-results>", "its root is <testng-results> and not <testsuites>"),
    "a root of test cases": (b"<testcase/>", "its root is <testcase>"),
    "a count that is none": (suite(failures="many"), "failures has to be a whole number, and is “many”"),
    "a count below zero": (suite(errors="-1"), "errors has to be a whole number"),
    "a count with a fraction": (suite(tests="1.5"), "tests has to be a whole number"),
    "a huge count": (suite(tests="9" * 5_000), "tests has to be a whole number"),
    "a time that is none": (suite(name="A", time="fast"), "<testsuite> “A”: time has to be a number of seconds, and is “fast”"),
    "a time below zero": (suite(time="-1"), "time has to be a number of seconds"),
    "no number of seconds": (suite(time="nan"), "time has to be a number of seconds"),
    "time without end": (suite('<testcase name="t" time="inf"/>'), "<testcase> “t”: time has to be a number of seconds"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_report_is_said_to_be_none_in_one_line(name: str) -> None:
    body, says = MALFORMED[name]

    with pytest.raises(StatedProblem) as problem:
        read(body)

    assert says in problem.value.message
    assert "pytest with --junitxml=FILE" in problem.value.message
    assert problem.value.message.isprintable()


@pytest.mark.processes
def test_the_command_ends_with_one_and_the_line(tmp_path: Path) -> None:
    assert len(MALFORMED) >= 30
    script = (
        "import sys\nfrom app.__main__ import main\n"
        "for file in sys.argv[1:]:\n"
        "    sys.argv[1:] = ['report', 'junit', file, '--monitor', 'm']\n"
        "    try:\n        main()\n    except SystemExit as end:\n        print(end.code)\n"
    )
    files = []
    for number, (body, _) in enumerate(MALFORMED.values()):
        files.append(tmp_path / f"{number:02}.xml")
        files[-1].write_bytes(body)

    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script, *map(str, files)], capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["1"] * len(MALFORMED), done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == len(MALFORMED)
    for line, (_, says) in zip(lines, MALFORMED.values(), strict=True):
        assert says in line


@pytest.mark.processes
def test_a_run_is_recorded_and_its_id_printed() -> None:
    with answering(RECORDED) as service:
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "app", "report", "junit", DATA / "bruno.xml", DATA / "pytest.xml", "--monitor", "checkout"],
            env={**os.environ, "INSTALLED_APPS_URL": service.url, "INSTALLED_APPS_TOKEN": TOKEN},
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stdout, done.stderr) == (0, "the-run\n", "Warning: Nobody listens.\n")
    [(_, _, asked)] = service.asked
    assert (asked["variables"]["input"]["testCount"], asked["variables"]["input"]["outcome"]) == (8, "ERROR")


async def test_of_several_files_the_one_that_is_wrong_is_named(tmp_path: Path) -> None:
    good, odd, missing = tmp_path / "good.xml", tmp_path / "odd.xml", tmp_path / "missing.xml"
    good.write_bytes(suite())
    odd.write_bytes(b"<")

    async def problem(*files: Path) -> str:
        with pytest.raises(StatedProblem) as raised:
            await report_junit(files, monitor_key="m", monitor_name=None, run_id=None, url=None, warn=lambda _: None)
        return raised.value.message

    assert (await problem(good, odd)).startswith(f"{odd}: The report cannot be read: it is cut off")
    assert await problem(good, missing) == f"{missing} cannot be read: No such file or directory."
    assert await problem(tmp_path) == f"{tmp_path} cannot be read: Is a directory."
    assert "it is not XML" in await problem(Path("/dev/zero"))


def test_a_part_without_end_is_refused_before_it_fills_the_memory() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"<testsuite name='" if self.given == size else b"n" * size

    endless = Endless()
    with pytest.raises(StatedProblem, match="a part of it is longer than 16 MiB"):
        read_reports([ReportFile(endless, WRITTEN_AT)], monitor_key="m")  # type: ignore[arg-type]  # all of it that is read

    assert endless.given < 32 * 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        suite('<testcase name="n"><failure message="m">t</failure></testcase>' * 20_000),
        suite("<testcase><system-out>" + "x\n" * 1_000_000 + "</system-out></testcase>"),
        suite("<testcase>" + "<failure>a</failure>" * 50_000 + "</testcase>"),
        suite("<system-err>" + "y" * 2_000_000 + "</system-err>", errors="5"),
        suite("".join(f'<testcase a{number}="1"/>' for number in range(20_000))),
        ("<testsuite " + " ".join(f'a{number}=""' for number in range(100_000)) + "/>").encode(),
    ],
    ids=["cases", "lines", "results", "printed", "names", "attributes"],
)
def test_it_takes_no_longer_than_it_is_long(body: bytes) -> None:
    assert min(time_thread(lambda: read(body)) for _ in range(3)) < 1


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f"<testsuite>{text}</testsuite>".encode("utf-8", "replace"))
)
def test_no_file_breaks_the_reader(odd: bytes) -> None:
    with suppress(StatedProblem):
        assert read(odd).request_count == 0
