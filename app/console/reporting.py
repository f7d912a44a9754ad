"""`report newman`: what a pipeline says once Newman has run."""

import os
from pathlib import Path

from app.errors import StatedProblem
from app.monitors.newman import read_report
from app.monitors.report import TOKEN_SETTING, URL_SETTING, report_run


async def report_newman(file: Path, *, monitor_key: str, monitor_name: str | None, run_id: str | None, url: str | None) -> str:
    """Record the run that the report at `file` tells of; return its id. Raises StatedProblem with what is wrong."""
    reported = read_report(_content(file), monitor_key=monitor_key, monitor_name=monitor_name, run_id=run_id, url=url)
    return await report_run(reported, url=_setting(URL_SETTING), token=_setting(TOKEN_SETTING))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise StatedProblem(f"{file} cannot be read: {error.strerror}.") from error


def _setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise StatedProblem(f"{name} is not set: it is read from the environment alone.")
    return value
