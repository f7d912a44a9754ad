"""Reports in JUnit's XML, which most test runners write, read into a run to be reported.

There is no standard. Sources: the schema of Jenkins' xUnit plugin; what Playwright 1.65, pytest 9.2, Bruno 4.1, Newman 6.2,
the Postman CLI 1.34 and Node.js 20 write; k6 and SoapUI by their sources. junitparser knows what a test case came to.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from app.errors import StatedProblem
from app.monitors.junit_suites import OddReportError, Suites, Total
from app.monitors.models import RunOutcome
from app.monitors.report_files import read_pieces
from app.monitors.reported import ReportedRun
from app.text.xml_stream import OddXmlError, read_xml

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_HOW = (
    "Most test runners write one: pytest with --junitxml=FILE, Playwright with --reporter=junit, Newman and the Postman CLI with "
    "-r junit, Bruno with --reporter-junit FILE"
)


@dataclass(frozen=True)
class ReportFile:
    """A report, and when it was written; `name` is what people are told which one it is by, where there are several."""

    opened: BinaryIO
    written_at: datetime
    name: str | None = None


def read_reports(
    reports: Iterable[ReportFile],
    *,
    monitor_key: str,
    monitor_name: str | None = None,
    run_id: str | None = None,
    url: str | None = None,
) -> ReportedRun:
    """Return the one run that the reports tell of. Its id is the SHA-256 of them all, in hexadecimal, unless one is given.

    An error makes it ERROR, failed tests alone FAILED, and no test that was not skipped NOTHING_RAN. Reports that do not tell
    when the run began are of one that ended when the last was written. Numbers are read strictly, a text is taken whatever it
    is, and no report is ever in memory as a whole. Raises StatedProblem, which says what is wrong.
    """
    digest, suites, ended_at = hashlib.sha256(), Suites(), _LONG_AGO
    for report in reports:
        _read(report, note=digest.update, into=suites)
        ended_at = max(ended_at, report.written_at)
    total = suites.total()
    began = total.began_at or datetime.fromtimestamp(max(ended_at.timestamp() - total.seconds, 0), UTC)
    return ReportedRun(
        monitor_key=monitor_key,
        monitor_name=monitor_name,
        run_id=run_id or digest.hexdigest(),
        outcome=_outcome(total),
        started_at=began,
        duration_ms=round(total.seconds * 1000),
        test_count=total.tests,
        failed_test_count=total.failed,
        error_count=total.errors,
        failures=tuple(suites.failures),
        url=url,
    )


def _read(report: ReportFile, *, note: Callable[[bytes], object], into: Suites) -> None:
    which = f"{report.name}: " if report.name is not None else ""
    try:
        read_xml(read_pieces(report.opened, note=note, advice="have it leave out what was printed"), into=into)
    except OddXmlError as odd:
        raise StatedProblem(f"{which}The report cannot be read: {odd}. {_HOW}.") from None
    except OddReportError as odd:
        raise StatedProblem(f"{which}This is no report in JUnit's XML: {odd}. {_HOW}.") from None


def _outcome(total: Total) -> RunOutcome:
    if total.errors:
        return RunOutcome.ERROR
    if total.failed:
        return RunOutcome.FAILED
    return RunOutcome.PASSED if total.tests else RunOutcome.NOTHING_RAN
