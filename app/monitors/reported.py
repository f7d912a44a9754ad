"""A finished run, as whoever ran it reports it, and what it takes to be taken."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta

from app.errors import Refusal, UserErrorCode
from app.monitors.models import Failure, RunOutcome
from app.teams.names import check_seen

LONGEST_NAME = 200
LONGEST_WORDS = 1_000
MOST_FAILURES = 100

_LONGEST_URL = 2_048
_PLAIN_BYTES = 200
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_HIGHEST = 2**31 - 1
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LEAD = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class ReportedRun:
    """`monitor_key` and `run_id` are the reporter's own names; `duration_ms` is in milliseconds, `started_at` knows its zone."""

    monitor_key: str
    run_id: str
    outcome: RunOutcome
    started_at: datetime
    duration_ms: int
    monitor_name: str | None = None
    request_count: int = 0
    test_count: int = 0
    failed_test_count: int = 0
    error_count: int = 0
    failures: tuple[Failure, ...] = ()
    url: str | None = None


def check(reported: ReportedRun, *, now: datetime) -> ReportedRun:
    """Return the run as it is kept: names and messages of failures cut at 1,000 characters, and without what cannot be stored.

    Raises Refusal INVALID, which names the field, for the first thing that makes no sense.
    """
    check_name(reported.monitor_key, field=["monitorKey"])
    if reported.monitor_name is not None:
        check_name(reported.monitor_name, field=["monitorName"])
    check_name(reported.run_id, field=["runId"])
    _check_moment(reported.started_at, now=now)
    for name, number in _numbers(reported):
        if not 0 <= number <= _HIGHEST:
            raise _invalid(f"This has to be a whole number from 0 to {_HIGHEST}.", field=[name])
    if len(reported.failures) > MOST_FAILURES:
        raise _invalid(f"A run names {MOST_FAILURES} failures at most: send the first ones.", field=["failures"])
    if reported.url is not None:
        _check_url(reported.url)
    return replace(reported, failures=tuple(map(cut, reported.failures)))


def check_name(text: str, *, field: Sequence[str]) -> None:
    """Raise Refusal INVALID unless the text is 1 to 200 characters that are seen, and not only blank."""
    if not 1 <= len(text) <= LONGEST_NAME or not text.strip():
        raise _invalid(f"This has to be 1 to {LONGEST_NAME} characters long, and not only blank.", field=field)
    check_seen(text, field=field)


def size_of(reported: ReportedRun) -> int:
    """Return how many bytes a run's own texts take, in about; those of a plain run are few."""
    texts = [reported.run_id, reported.url or "", *(text for failure in reported.failures for text in astuple(failure))]
    return _PLAIN_BYTES + sum(len(text.encode()) for text in texts)


def cut(failure: Failure) -> Failure:
    """Return the failure with a name and a message of at most 1,000 characters each."""
    return Failure(_cut(failure.name), _cut(failure.message))


def _cut(text: str) -> str:
    # Neither database stores NUL in a text, and half of a surrogate pair is no character.
    kept = _HALF_PAIR.sub("\ufffd", text[: LONGEST_WORDS + 1].replace("\0", ""))
    return kept if len(kept) <= LONGEST_WORDS else f"{kept[: LONGEST_WORDS - 1]}…"


def _check_moment(started_at: datetime, *, now: datetime) -> None:
    if not _EARLIEST <= started_at <= now + _LEAD:
        raise _invalid("This has to lie between the year 2000 and now (a day of leeway).", field=["startedAt"])


def _numbers(reported: ReportedRun) -> Iterable[tuple[str, int]]:
    return (
        ("durationMs", reported.duration_ms),
        ("requestCount", reported.request_count),
        ("testCount", reported.test_count),
        ("failedTestCount", reported.failed_test_count),
        ("errorCount", reported.error_count),
    )


def _check_url(url: str) -> None:
    if not url.startswith(("https://", "http://")) or len(url) > _LONGEST_URL or not url.isprintable() or " " in url:
        raise _invalid("This has to be an absolute http or https address.", field=["url"])


def _invalid(message: str, *, field: Sequence[str]) -> Refusal:
    return Refusal(UserErrorCode.INVALID, message, field=field)
