"""The failures in a report of Newman's or the Postman CLI's: counted to the last, the first hundred named."""

from dataclasses import dataclass

from app.monitors.models import Failure
from app.monitors.reported import MOST_FAILURES, cut
from app.text.json_stream import JsonStream, Kind

# With --bail the assertion at which the run gave up is listed once more, under this name.
_GAVE_UP = "AssertionFailure"
_NO_NAME = "(no name)"
_PARTS = frozenset({"name", "message", "test", "source"})
_FAILED = "failed"


class OddFailureError(ValueError):
    """A failure's part of the report makes no sense; `place` is where it stands in the report."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(place, message)
        self.place = place
        self.message = message


@dataclass(frozen=True)
class Error:
    """An error in a report: `test` names the assertion that failed, `source` the script, each where it is told."""

    name: str = ""
    message: str = ""
    test: str = ""
    source: str = ""


class Failures:
    """The failures of a run: `listed` are the first hundred, `errors` counts all that are no failed assertions."""

    def __init__(self) -> None:
        self.listed: list[Failure] = []
        self.errors = 0
        self._end: Error | None = None

    def read_failures(self, stream: JsonStream) -> None:
        """Take Newman's list of what failed."""
        for index in stream.elements():
            self._read_failure(stream, place=f"run.failures.{index}")

    def read_executions(self, stream: JsonStream) -> None:
        """Take what failed of each request that the Postman CLI tells of in its own structure."""
        for index in stream.elements():
            self._read_execution(stream, place=f"run.executions.{index}")

    def ended_by(self, error: Error | None) -> None:
        """Take what ended the whole run, if anything did."""
        self._end = error or self._end

    def close(self) -> None:
        """Count what ended the run as an error of its own, unless it is one that was counted before."""
        end = self._end
        if end is not None and (not self.listed or (end.name != _GAVE_UP and not self.errors)):
            self._note(end.name or "The run", end.message, is_error=True)

    def _read_failure(self, stream: JsonStream, *, place: str) -> None:
        _require_object(stream, place)
        error: Error | None = None
        at = source = ""
        for name in stream.members():
            match name:
                case "error":
                    error = read_error(stream) or Error()
                case "at":
                    at = stream.text()
                case "source":
                    source = _read_name(stream)
                case _:
                    stream.skip()
        if error is None:
            raise OddFailureError(f"{place}.error", "Field required")
        is_error = not at.startswith("assertion:")
        if not (is_error and error.name == _GAVE_UP):
            self._note(_join(source, at if is_error else error.test), error.message, is_error=is_error)

    def _read_execution(self, stream: JsonStream, *, place: str) -> None:
        _require_object(stream, place)
        request, before = "", len(self.listed)
        for name in stream.members():
            match name, stream.kind():
                case "requestExecuted", _:
                    request = _read_name(stream)
                case "tests", Kind.LIST:
                    for index in stream.elements():
                        self._read_test(stream, place=f"{place}.tests.{index}")
                case "errors", Kind.LIST:
                    for _ in stream.elements():
                        self._read_error(stream)
                case _:
                    stream.skip()
        # Of which request they are may stand behind them.
        self.listed[before:] = [cut(Failure(_join(request, one.name), one.message)) for one in self.listed[before:]]

    def _read_test(self, stream: JsonStream, *, place: str) -> None:
        _require_object(stream, place)
        test = status = ""
        error: Error | None = None
        for name in stream.members():
            match name:
                case "name":
                    test = stream.text()
                case "status":
                    status = stream.text()
                case "error":
                    error = read_error(stream)
                case _:
                    stream.skip()
        if status == _FAILED:
            self._note(test, error.message if error is not None else "", is_error=False)

    def _read_error(self, stream: JsonStream) -> None:
        error = read_error(stream) or Error()
        if error.name != _GAVE_UP:
            self._note(_join(error.source), error.message, is_error=True)

    def _note(self, name: str, message: str, *, is_error: bool) -> None:
        self.errors += is_error
        if len(self.listed) < MOST_FAILURES:
            self.listed.append(cut(Failure(name, message)))


def read_error(stream: JsonStream) -> Error | None:
    """Return what comes next as an error, whatever it is: a script can throw a text, a number, anything. None for null."""
    if stream.kind() is not Kind.OBJECT:
        message = stream.text()
        return Error(message=message) if message else None
    found: dict[str, str] = {}
    for name in stream.members():
        if name in _PARTS:
            found[name] = stream.text()
        else:
            stream.skip()
    return Error(**found)


def _read_name(stream: JsonStream) -> str:
    """Return the name of the request that comes next; nothing where it has none."""
    if stream.kind() is not Kind.OBJECT:
        stream.skip()
        return ""
    found = ""
    for name in stream.members():
        if name == "name":
            found = stream.text()
        else:
            stream.skip()
    return found


def _require_object(stream: JsonStream, place: str) -> None:
    if stream.kind() is not Kind.OBJECT:
        raise OddFailureError(place, "Input should be an object")


def _join(*names: str) -> str:
    return ": ".join(filter(None, names)) or _NO_NAME
