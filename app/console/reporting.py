"""`report newman`, `report junit`: what a pipeline says once its tests have run."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from app.errors import StatedProblem
from app.monitors import junit, newman
from app.monitors.report import TOKEN_SETTING, URL_SETTING, Reported, report_run
from app.monitors.reported import ReportedRun


async def report_newman(
    file: Path,
    *,
    monitor_key: str,
    monitor_name: str | None,
    run_id: str | None,
    url: str | None,
    warn: Callable[[str], None],
) -> Reported:
    """Record the run that the report at `file` tells of; return what it became. Raises StatedProblem with what is wrong.

    `warn` is told what a person should know whatever comes of it.
    """
    try:
        with file.open("rb") as report:
            reported = newman.read_report(report, monitor_key=monitor_key, monitor_name=monitor_name, run_id=run_id, url=url)
    except OSError as error:
        raise _unreadable(file, error) from error
    return await _report(reported, warn=warn)


async def report_junit(
    files: Sequence[Path],
    *,
    monitor_key: str,
    monitor_name: str | None,
    run_id: str | None,
    url: str | None,
    warn: Callable[[str], None],
) -> Reported:
    """The same for the one run that reports in JUnit's XML tell of."""
    with ExitStack() as opened:
        reports = [_open(file, opened, is_named=len(files) > 1) for file in files]
        try:
            reported = junit.read_reports(reports, monitor_key=monitor_key, monitor_name=monitor_name, run_id=run_id, url=url)
        except OSError as error:
            raise StatedProblem(f"The report cannot be read: {error.strerror}.") from error
    return await _report(reported, warn=warn)


def _open(file: Path, opened: ExitStack, *, is_named: bool) -> junit.ReportFile:
    try:
        report = opened.enter_context(file.open("rb"))
        written_at = datetime.fromtimestamp(os.fstat(report.fileno()).st_mtime, UTC)
    except OSError as error:
        raise _unreadable(file, error) from error
    return junit.ReportFile(report, written_at, str(file) if is_named else None)


async def _report(reported: ReportedRun, *, warn: Callable[[str], None]) -> Reported:
    service, token = _setting(URL_SETTING), _setting(TOKEN_SETTING)
    return await report_run(reported, url=service, token=token, environment=os.environ, warn=warn)


def _unreadable(file: Path, error: OSError) -> StatedProblem:
    return StatedProblem(f"{file} cannot be read: {error.strerror}.")


def _setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise StatedProblem(f"{name} is not set: it is read from the environment alone.")
    return value
