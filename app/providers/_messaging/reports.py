"""What a message says of a run, whatever markup it is written in."""

import unicodedata

from app.providers.contract import Occasion, RunReport
from app.text.characters import without_unseen

_LONGEST_READ = 2_000
_OUTCOMES = {
    "PASSED": ("✅", "passed"),
    "FAILED": ("❌", "failed"),
    "NOTHING_RAN": ("⚪", "ran nothing: no request was made and no test was run"),
}
_BELL = "🔔"
_ERROR = ("⚠️", "ended in an error")
_OCCASIONS = {
    Occasion.RUN: "",
    Occasion.THIRD_FAILURE: "Third failure in a row. Further failures stay quiet until a run passes.",
    Occasion.RECOVERY: "Recovered: the first pass after three failures or more in a row.",
    Occasion.TEST: "A member had it posted, to see that messages arrive here. Nothing was run.",
}
_IN_THREAD = "Third failure in a row. Further failures are told in this thread until a run passes."
_SECOND = 1_000
_MINUTE = 60 * _SECOND


def emoji(report: RunReport) -> str:
    if report.occasion is Occasion.TEST:
        return _BELL
    return _OUTCOMES.get(report.outcome, _ERROR)[0]


def outcome(report: RunReport) -> str:
    """Say how it ended, as what follows the monitor's name."""
    return _OUTCOMES.get(report.outcome, _ERROR)[1]


def occasion(report: RunReport) -> str:
    """Say why it is told; nothing where each run is."""
    if report.occasion is Occasion.THIRD_FAILURE and report.follow_ups_in_thread:
        return _IN_THREAD
    return _OCCASIONS[report.occasion]


def figures(report: RunReport) -> str:
    """Return how much was run, how much of it failed, and how long that took, in one line."""
    return " · ".join(
        (
            _count(report.request_count, "request"),
            f"{_count(report.test_count, 'test')}, {report.failed_test_count} failed",
            _count(report.error_count, "error"),
            *([f"took {describe_duration(report.duration_ms)}"] if report.duration_ms else ()),
        )
    )


def count_failures(report: RunReport) -> int:
    """Return how many there were: a run names its first hundred."""
    return max(report.failed_test_count + report.error_count, len(report.failures))


def describe_duration(milliseconds: int) -> str:
    """Say how long, in the two largest units: "420 ms", "3.4 s", "1 min 12 s", "2 h 5 min", "3 d 4 h"."""
    if milliseconds < _SECOND:
        return f"{max(milliseconds, 0)} ms"
    if milliseconds < _MINUTE:
        return f"{milliseconds // 100 / 10:g} s"
    minutes, seconds = divmod(milliseconds // _SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def one_line(text: str) -> str:
    """Return others' text as one line in which nothing hides; what is past 2,000 characters is not looked at."""
    return " ".join(without_unseen("".join(map(_visible, text[:_LONGEST_READ]))).split())


def _visible(character: str) -> str:
    return " " if unicodedata.category(character) in {"Cc", "Cs", "Cn", "Zl", "Zp"} else character


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
