import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.clock import SystemClock


@pytest.fixture(params=["Asia/Kathmandu", "America/St_Johns", "UTC"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where this machine stands."""
    with monkeypatch.context() as there:
        there.setenv("TZ", request.param)
        time.tzset()
        yield os.environ["TZ"]
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_it_tells_utc_wherever_the_machine_stands() -> None:
    before = time.time()
    told = SystemClock().now()
    after = time.time()

    assert told.tzinfo is UTC
    assert before - 0.001 < (told - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() <= after


def test_it_tells_whole_milliseconds_that_do_not_lie_in_the_future() -> None:
    told = [(SystemClock().now(), datetime.now(UTC)) for _ in range(1_000)]

    assert {moment.microsecond % 1_000 for moment, _ in told} == {0}
    assert all(moment <= after < moment + timedelta(seconds=1) for moment, after in told)
