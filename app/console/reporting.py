"""`report newman`: what a pipeline says once Newman has run."""

import os
from collections.abc import Callable
from pathlib import Path

from app.errors import StatedProblem
from app.monitors.newman import read_report
from app.monitors.report import TOKEN_SETTING, URL_SETTING, Reported, report_run


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
            reported = read_report(report, monitor_key=monitor_key, monitor_name=monitor_name, run_id=run_id, url=url)
    except OSError as error:
        raise StatedProblem(f"{file} cannot be read: {error.strerror}.") from error
    service, token = _setting(URL_SETTING), _setting(TOKEN_SETTING)
    return await report_run(reported, url=service, token=token, environment=os.environ, warn=warn)


def _setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise StatedProblem(f"{name} is not set: it is read from the environment alone.")
    return value
