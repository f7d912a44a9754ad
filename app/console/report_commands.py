"""The commands that report runs through the API, as CI does."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.console.output import print_line

if TYPE_CHECKING:
    from app.monitors.report import Reported

report = typer.Typer(no_args_is_help=True, help="Reporting runs through the API.")

_Monitor = Annotated[str, typer.Option("--monitor", help="The monitor's key.")]
_Name = Annotated[str | None, typer.Option("--name", help="The monitor's name.")]
_RunId = Annotated[str | None, typer.Option("--run-id", help="The run's own id; the SHA-256 of what is reported when left out.")]
_Link = Annotated[
    str | None,
    typer.Option("--url", help="A link for people: where they can read about this run. The service is INSTALLED_APPS_URL."),
]


@report.command("newman")
def report_newman(
    file: Annotated[
        Path, typer.Argument(help="The report that `newman run … -r json` or `postman collection run … -r json` wrote.")
    ],
    *,
    monitor: _Monitor,
    name: _Name = None,
    run_id: _RunId = None,
    url: _Link = None,
) -> None:
    """Record a run of Newman or the Postman CLI through the API (INSTALLED_APPS_URL, INSTALLED_APPS_TOKEN).

    Prints its id and exits with 0 when it is recorded; a warning on standard error says why nothing is posted, if nothing is.
    """
    from app.console import reporting

    _tell_reported(
        asyncio.run(reporting.report_newman(file, monitor_key=monitor, monitor_name=name, run_id=run_id, url=url, warn=_warn))
    )


@report.command("junit")
def report_junit(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The reports in JUnit's XML that one run wrote.")],
    *,
    monitor: _Monitor,
    name: _Name = None,
    run_id: _RunId = None,
    url: _Link = None,
) -> None:
    """Record a run of any test runner that writes JUnit's XML, through the API (INSTALLED_APPS_URL, INSTALLED_APPS_TOKEN).

    Several files are one run. Prints its id and exits with 0 when it is recorded; a warning on standard error says why nothing is
    posted, if nothing is.
    """
    from app.console import reporting

    _tell_reported(
        asyncio.run(reporting.report_junit(files, monitor_key=monitor, monitor_name=name, run_id=run_id, url=url, warn=_warn))
    )


def _tell_reported(reported: "Reported") -> None:
    print_line(reported.run_id)
    if reported.notice is not None:
        _warn(reported.notice)


def _warn(line: str) -> None:
    sys.stderr.write(f"Warning: {line}\n")
