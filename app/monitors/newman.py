"""Newman's JSON report (`newman run … -r json`) read into a run to be reported.

Source: Newman's reporter of that name, 6.2: `run` with `stats`, `timings` and `failures`, each of which says by `at` what failed:
"assertion:0 in test-script", "request", "prerequest-script", "test-script".
"""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import StatedProblem
from app.json_text import NotJson, parse_json
from app.monitors.models import Failure, RunOutcome
from app.monitors.reported import MOST_FAILURES, ReportedRun, cut

# Newman nests responses' headers and scripts of folders in folders.
_DEPTH = 200
_LAST_MOMENT = 253_402_300_799_999
# With --bail Newman lists the assertion at which it gave up once more, under this name.
_GAVE_UP = "AssertionFailure"

_Count = Annotated[int, Field(ge=0)]
_Moment = Annotated[int, Field(ge=0, le=_LAST_MOMENT)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


class _Total(_Part):
    total: _Count


class _Tests(_Part):
    total: _Count
    failed: _Count


class _Stats(_Part):
    requests: _Total
    assertions: _Tests


class _Timings(_Part):
    started: _Moment
    completed: _Moment


class _Error(_Part):
    name: str = ""
    message: str = ""
    test: str | None = None


class _Item(_Part):
    name: str = ""


class _Failure(_Part):
    error: _Error
    at: str = ""
    source: _Item = _Item()

    @property
    def is_assertion(self) -> bool:
        return self.at.startswith("assertion:")

    @property
    def repeats_another(self) -> bool:
        return not self.is_assertion and self.error.name == _GAVE_UP

    def read(self) -> Failure:
        what = self.error.test if self.is_assertion else self.at
        return cut(Failure(": ".join(filter(None, (self.source.name, what))) or "(no name)", self.error.message))


class _Run(_Part):
    stats: _Stats
    timings: _Timings
    failures: list[_Failure]
    error: _Error | None = None


class _Report(_Part):
    run: _Run


def read_report(
    report: bytes, *, monitor_key: str, monitor_name: str | None = None, run_id: str | None = None, url: str | None = None
) -> ReportedRun:
    """Return the run that the report tells of. Its id is the SHA-256 of the report, in hexadecimal, unless one is given.

    A request or a script that failed makes it ERROR, failed assertions alone FAILED. Raises StatedProblem, which says what is
    wrong, where the report is none of Newman's.
    """
    run = _parse(report).run
    failures = [failure for failure in run.failures if not failure.repeats_another]
    errors = sum(not failure.is_assertion for failure in failures)
    listed = [failure.read() for failure in failures]
    if run.error is not None and not listed:
        errors, listed = 1, [cut(Failure(run.error.name or "Newman", run.error.message))]
    return ReportedRun(
        monitor_key=monitor_key,
        monitor_name=monitor_name,
        run_id=run_id or hashlib.sha256(report).hexdigest(),
        outcome=_outcome(errors=errors, failed=run.stats.assertions.failed),
        started_at=datetime.fromtimestamp(run.timings.started / 1000, UTC),
        duration_ms=max(run.timings.completed - run.timings.started, 0),
        request_count=run.stats.requests.total,
        test_count=run.stats.assertions.total,
        failed_test_count=run.stats.assertions.failed,
        error_count=errors,
        failures=tuple(listed[:MOST_FAILURES]),
        url=url,
    )


def _parse(report: bytes) -> _Report:
    body = parse_json(report, depth=_DEPTH)
    if isinstance(body, NotJson):
        raise StatedProblem(f"The report cannot be read: {body.words}. Newman writes one with: newman run … -r json")
    try:
        return _Report.model_validate(body)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "the whole"
        raise StatedProblem(
            f"This is no JSON report of Newman's: {place}: {problem['msg']}. Newman writes one with: newman run … -r json"
        ) from None


def _outcome(*, errors: int, failed: int) -> RunOutcome:
    if errors:
        return RunOutcome.ERROR
    return RunOutcome.FAILED if failed else RunOutcome.PASSED
