"""Reports of Newman and of the Postman CLI, in JSON, read into a run to be reported.

Sources: the JSON reporter of Newman 6.2 (`run` with `stats`, `timings` and `failures`, each of which says by `at` what failed:
"assertion:0 in test-script", "request", "prerequest-script", "test-script"), and those of the Postman CLI 1.34, which writes
Newman's structure without `completed`, or its own: `run` with `meta`, `summary` and `executions`, each with `tests` and `errors`.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import StatedProblem
from app.monitors.models import RunOutcome
from app.monitors.newman_failures import Failures, OddFailureError, read_error
from app.monitors.report_files import read_pieces
from app.monitors.reported import ReportedRun
from app.text.json_stream import JsonStream, Kind, OddJsonError

_HOW = "Newman writes one with: newman run … -r json; the Postman CLI with: postman collection run … -r json"
_TWICE = "it has a name twice in one object"
_LAST_MOMENT = 253_402_300_799_999

_Count = Annotated[int, Field(ge=0)]
_Moment = Annotated[int, Field(ge=0, le=_LAST_MOMENT)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


class _Total(_Part):
    total: _Count


class _Assertions(_Part):
    total: _Count
    failed: _Count


class _Stats(_Part):
    requests: _Total
    assertions: _Assertions


class _Timings(_Part):
    started: _Moment
    completed: _Moment | None = None


class _Executed(_Part):
    executed: _Count


class _Tests(_Part):
    executed: _Count
    failed: _Count


class _Summary(_Part):
    executed_requests: _Executed = Field(alias="executedRequests")
    tests: _Tests


class _Meta(_Part):
    started: _Moment
    duration: Annotated[float, Field(ge=0, le=_LAST_MOMENT, allow_inf_nan=False)] | None = None


class _Counted(_Part):
    """The counts that both structures have, whatever they call them. A duration of 0 is one that the report does not tell."""

    started: int
    duration_ms: int
    requests: int
    tests: int
    failed: int


class _NewmansRun(_Part):
    stats: _Stats
    timings: _Timings
    failures: list[object]

    def counted(self) -> _Counted:
        began, ended = self.timings.started, self.timings.completed
        return _Counted(
            started=began,
            duration_ms=max(ended - began, 0) if ended is not None else 0,
            requests=self.stats.requests.total,
            tests=self.stats.assertions.total,
            failed=self.stats.assertions.failed,
        )


class _OwnRun(_Part):
    meta: _Meta
    summary: _Summary
    executions: list[object]

    def counted(self) -> _Counted:
        return _Counted(
            started=self.meta.started,
            duration_ms=round(self.meta.duration or 0),
            requests=self.summary.executed_requests.executed,
            tests=self.summary.tests.executed,
            failed=self.summary.tests.failed,
        )


class _Newmans(_Part):
    run: _NewmansRun


class _Own(_Part):
    run: _OwnRun


_Counts = Mapping[str, "_Counts | None"]
_COUNTS: _Counts = {
    "stats": {"requests": {"total": None}, "assertions": {"total": None, "failed": None}},
    "timings": {"started": None, "completed": None},
    "meta": {"started": None, "duration": None},
    "summary": {"executedRequests": {"executed": None}, "tests": {"executed": None, "failed": None}},
}


def read_report(
    report: BinaryIO, *, monitor_key: str, monitor_name: str | None = None, run_id: str | None = None, url: str | None = None
) -> ReportedRun:
    """Return the run that the report tells of. Its id is the SHA-256 of the report, in hexadecimal, unless one is given.

    A request or a script that failed makes it ERROR, failed assertions alone FAILED, and no request and no test NOTHING_RAN. What
    is counted is read strictly, a text is taken whatever it is, and the report is never in memory as a whole. Raises
    StatedProblem, which says what is wrong, where the report is none of Newman's or the Postman CLI's.
    """
    digest = hashlib.sha256()
    pieces = read_pieces(report, note=digest.update, advice="have it leave out what responses hold")
    try:
        counted, failures = _read(JsonStream(pieces))
    except OddJsonError as odd:
        raise StatedProblem(f"The report cannot be read: {odd}. {_HOW}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        raise _no_report(".".join(map(str, problem["loc"])) or "the whole", problem["msg"]) from None
    except OddFailureError as odd:
        raise _no_report(odd.place, odd.message) from None
    return ReportedRun(
        monitor_key=monitor_key,
        monitor_name=monitor_name,
        run_id=run_id or digest.hexdigest(),
        outcome=_outcome(counted, errors=failures.errors),
        started_at=datetime.fromtimestamp(counted.started / 1000, UTC),
        duration_ms=counted.duration_ms,
        request_count=counted.requests,
        test_count=counted.tests,
        failed_test_count=counted.failed,
        error_count=failures.errors,
        failures=tuple(failures.listed),
        url=url,
    )


def _read(stream: JsonStream) -> tuple[_Counted, Failures]:
    newmans, own = Failures(), Failures()
    found: dict[str, object] = {}
    if stream.kind() is not Kind.OBJECT:
        stream.skip()
        stream.end()
        raise _no_report("the whole", "Input should be an object")
    for name in stream.members():
        if name == "run" and name in found:
            raise OddJsonError(_TWICE)
        if name == "run":
            found[name] = _read_run(stream, newmans=newmans, own=own)
        else:
            stream.skip()
    stream.end()
    run = found.get("run")
    is_own = isinstance(run, dict) and "summary" in run and "stats" not in run
    counted = (_Own if is_own else _Newmans).model_validate(found).run.counted()
    failures = own if is_own else newmans
    failures.close()
    return counted, failures


def _read_run(stream: JsonStream, *, newmans: Failures, own: Failures) -> object:
    """Return the run's counts. What failed is read into `newmans` or `own`, and stands as an empty list."""
    if stream.kind() is not Kind.OBJECT:
        return stream.value()
    lists = {"failures": newmans.read_failures, "executions": own.read_executions}
    ends = {"error": newmans.ended_by, "runError": own.ended_by}
    found: dict[str, object] = {}
    for name in stream.members():
        if name in found:
            raise OddJsonError(_TWICE)
        if name in ends:
            ends[name](read_error(stream))
        elif name in lists and stream.kind() is Kind.LIST:
            found[name] = []
            lists[name](stream)
        elif name in lists or name in _COUNTS:
            found[name] = _read_counts(stream, _COUNTS.get(name))
        else:
            stream.skip()
    return found


def _read_counts(stream: JsonStream, wanted: _Counts | None) -> object:
    if wanted is None or stream.kind() is not Kind.OBJECT:
        return stream.value()
    found: dict[str, object] = {}
    for name in stream.members():
        if name in found:
            raise OddJsonError(_TWICE)
        if name in wanted:
            found[name] = _read_counts(stream, wanted[name])
        else:
            stream.skip()
    return found


def _no_report(place: str, message: str) -> StatedProblem:
    return StatedProblem(f"This is no JSON report of Newman's or the Postman CLI's: {place}: {message}. {_HOW}")


def _outcome(counted: _Counted, *, errors: int) -> RunOutcome:
    if errors:
        return RunOutcome.ERROR
    if counted.failed:
        return RunOutcome.FAILED
    return RunOutcome.PASSED if counted.requests or counted.tests else RunOutcome.NOTHING_RAN
