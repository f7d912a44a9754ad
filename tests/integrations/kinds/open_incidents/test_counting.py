from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from app.integrations.kinds.open_incidents.counting import Count, count
from app.monitors.models import RunOutcome

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEW = Count(0, None)


def test_failures_and_errors_count_until_a_run_passes() -> None:
    counts, heard = [], NEW
    for number, outcome in enumerate((RunOutcome.FAILED, RunOutcome.ERROR, RunOutcome.FAILED, RunOutcome.PASSED)):
        heard = count(heard, outcome=outcome, started_at=NOW + number * MINUTE, now=NOW + number * MINUTE) or heard
        counts.append(heard.failures_in_a_row)

    assert counts == [1, 2, 3, 0]


def test_a_run_in_which_nothing_ran_says_nothing() -> None:
    assert count(Count(2, NOW), outcome=RunOutcome.NOTHING_RAN, started_at=NOW + MINUTE, now=NOW + MINUTE) is None


def test_a_run_that_began_before_the_latest_comes_late_and_says_nothing() -> None:
    before = Count(3, NOW)

    late = count(before, outcome=RunOutcome.PASSED, started_at=NOW - MINUTE, now=NOW + MINUTE)
    at_once = count(before, outcome=RunOutcome.PASSED, started_at=NOW, now=NOW + MINUTE)

    assert (late, at_once) == (None, Count(0, NOW))


def test_a_clock_that_is_ahead_silences_nobody() -> None:
    ahead = count(NEW, outcome=RunOutcome.FAILED, started_at=NOW + 60 * MINUTE, now=NOW)
    assert ahead is not None

    after = count(ahead, outcome=RunOutcome.FAILED, started_at=NOW + MINUTE, now=NOW + MINUTE)

    assert (ahead, after) == (Count(1, NOW), Count(2, NOW + MINUTE))


@given(runs=st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=30))
def test_whatever_the_order_the_count_is_of_the_runs_that_were_each_the_latest(runs: list[tuple[bool, int]]) -> None:
    heard, timely, latest = NEW, list[bool](), -1
    for fails, minute in runs:
        outcome = RunOutcome.FAILED if fails else RunOutcome.PASSED
        heard = count(heard, outcome=outcome, started_at=NOW + minute * MINUTE, now=NOW + 30 * MINUTE) or heard
        if minute >= latest:
            latest = minute
            timely.append(fails)

    since_last_pass = timely[::-1].index(False) if False in timely else len(timely)
    assert heard.failures_in_a_row == since_last_pass
