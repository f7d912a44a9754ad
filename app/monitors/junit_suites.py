"""The suites and test cases of a report in JUnit's XML: counted to the last, the first hundred failures named."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn
from xml.etree.ElementTree import Element, SubElement

from junitparser import Error, Failure as FailedResult, Skipped, TestCase

from app.monitors.models import Failure
from app.monitors.reported import MOST_FAILURES, cut

_ROOTS = ("testsuites", "testsuite")
_RESULTS = frozenset({"failure", "error", "skipped"})
_NAMES = ("name", "classname")
_HIGHEST = 2**31 - 1
_MOST_DIGITS = 10
_MOST_SECONDS = 10**9
_MOST_TEXT = 4_000
"""More of a text than what is kept of it."""
_EARLIEST_YEAR = 2000
_NO_NAME = "(no name)"


class OddReportError(ValueError):
    """It is XML, and makes no sense as a report; the message says where."""


@dataclass
class Total:
    """What a suite comes to, with all in it. `seconds` is what it says itself, or its parts' together."""

    tests: int = 0
    failed: int = 0
    errors: int = 0
    seconds: float = 0.0
    began_at: datetime | None = None
    cases: int = 0

    def add(self, other: "Total") -> None:
        self.tests += other.tests
        self.failed += other.failed
        self.errors += other.errors
        self.seconds += other.seconds
        self.cases += other.cases
        if other.began_at is not None:
            self.began_at = min(self.began_at or other.began_at, other.began_at)


@dataclass
class _Suite:
    name: str
    says: Mapping[str, int]
    seconds: float | None
    total: Total = field(default_factory=Total)
    printed: str = ""


class Suites:
    """Hears reports, element by element and one after the other; `failures` are the first hundred that they tell of."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self._open: list[str] = []
        self._suites: list[_Suite] = []
        self._total = Total()
        self._case: Element | None = None
        self._within: Element | None = None

    def total(self) -> Total:
        """Return what all of them come to, once they have been read."""
        return self._total

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._open and name not in _ROOTS:
            raise OddReportError(f"its root is <{name[:100]}> and not <testsuites> or <testsuite>")
        parent = self._open[-1] if self._open else None
        self._open.append(name)
        if name in _ROOTS and parent in {None, *_ROOTS}:
            self._begin_suite(name, attributes)
        elif name == "testcase" and parent in _ROOTS:
            self._case = Element("testcase", {key: value for key, value in attributes.items() if key in {*_NAMES, "time"}})
        elif name in _RESULTS and parent == "testcase" and self._case is not None and self._case.find(name) is None:
            self._within = SubElement(self._case, name, {"message": attributes.get("message", "")[:_MOST_TEXT]})

    def text(self, text: str) -> None:
        if self._within is not None:
            self._within.text = _grown(self._within.text or "", text)
        elif self._open[-1:] == ["system-err"] and self._case is None and self._suites:
            self._suites[-1].printed = _grown(self._suites[-1].printed, text)

    def end(self, name: str) -> None:
        self._open.pop()
        parent = self._open[-1] if self._open else None
        if name in _ROOTS and parent in {None, *_ROOTS}:
            self._end_suite()
        elif name == "testcase" and parent in _ROOTS and self._case is not None:
            self._end_case(TestCase.fromelem(self._case))  # type: ignore[no-untyped-call]  # so junitparser has it
            self._case = None
        elif name in _RESULTS and parent == "testcase":
            self._within = None

    def _begin_suite(self, kind: str, attributes: Mapping[str, str]) -> None:
        name = attributes.get("name", "")[:_MOST_TEXT]
        place = f"<{kind}> “{name[:100]}”" if name else f"<{kind}>"
        counted = ("tests", "failures", "errors", "skipped", "disabled")
        suite = _Suite(name, {key: _count(attributes, key, place) for key in counted}, _seconds(attributes, place))
        suite.total.began_at = _moment(attributes.get("timestamp", ""))
        self._suites.append(suite)

    def _end_suite(self) -> None:
        suite = self._suites.pop()
        total, says = suite.total, suite.says
        if not total.cases:
            # Without its cases it is taken at its word.
            total.tests = max(total.tests, says["tests"] - says["skipped"] - says["disabled"])
        # Newman counts requests and scripts that failed in `errors`, and has no case for them.
        if says["errors"] > total.errors:
            self._note(suite.name or _NO_NAME, suite.printed)
        total.errors, total.failed = max(total.errors, says["errors"]), max(total.failed, says["failures"])
        if suite.seconds is not None:
            total.seconds = suite.seconds
        if self._suites:
            self._suites[-1].total.add(total)
        else:
            self._total.add(total)

    def _end_case(self, case: TestCase) -> None:
        suite = self._suites[-1]
        name = _named(case.name or "", where=case.classname or "", suite=suite.name)
        results = case.result
        told = Total(
            tests=0 if any(isinstance(result, Skipped) for result in results) else 1,
            failed=sum(isinstance(result, FailedResult) for result in results),
            errors=sum(isinstance(result, Error) for result in results),
            seconds=_seconds({"time": case._elem.get("time", "")}, f"<testcase> “{name[:100]}”") or 0.0,  # noqa: SLF001 - as it stands there
            cases=1,
        )
        suite.total.add(told)
        for result in results:
            if not isinstance(result, Skipped):
                self._note(name, result.message or (result.text or "").strip())

    def _note(self, name: str, message: str) -> None:
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(cut(Failure(name, message)))


def _named(name: str, *, where: str, suite: str) -> str:
    """Return what people know a test by: where it stands, and its name."""
    plain = "".join(character for character in suite if character.isalnum())
    # Newman's class name is the suite's without what is no letter.
    where = suite if not where or where.casefold() == plain.casefold() else where
    return ": ".join(part for part in (where, name) if part) or _NO_NAME


def _grown(text: str, more: str) -> str:
    return text if len(text) >= _MOST_TEXT else (text + more)[:_MOST_TEXT]


def _count(attributes: Mapping[str, str], name: str, place: str) -> int:
    text = attributes.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) <= _HIGHEST):
        _refuse(place, name, text, "a whole number")
    return int(text)


def _seconds(attributes: Mapping[str, str], place: str) -> float | None:
    text = attributes.get("time", "").strip()
    if not text:
        return None
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _MOST_SECONDS:
        _refuse(place, "time", text, "a number of seconds")
    return seconds


def _refuse(place: str, name: str, text: str, wanted: str) -> NoReturn:
    raise OddReportError(f"{place}: {name} has to be {wanted}, and is “{text[:100]}”")


def _moment(text: str) -> datetime | None:
    """Return when it was; where no zone is told, in UTC, as Bruno means it. None for what is no moment, or none of a run."""
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _EARLIEST_YEAR else None
