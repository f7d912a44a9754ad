from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from app.deliveries.schedule import MOST_ATTEMPTS, delay_after


def _least(_count: int) -> bytes:
    return b"\0\0\0\0"


def _most(_count: int) -> bytes:
    return b"\xff\xff\xff\xff"


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 30), (3, 120), (4, 600), (5, 3_600), (6, 21_600), (7, 43_200)])
def test_the_schedule_is_kept(attempts: int, seconds: int) -> None:
    assert delay_after(attempts, retry_after=None, entropy=_least) == timedelta(seconds=seconds)


def test_the_eighth_attempt_is_the_last() -> None:
    assert MOST_ATTEMPTS == 8
    assert delay_after(8, retry_after=None, entropy=_least) is None
    assert delay_after(8, retry_after=60, entropy=_least) is None


@given(st.integers(1, 7), st.none() | st.floats(0, 3_600), st.binary(min_size=4, max_size=4))
def test_it_is_never_earlier_than_asked_for_and_at_most_a_fifth_later(
    attempts: int, retry_after: float | None, random: bytes
) -> None:
    least = delay_after(attempts, retry_after=retry_after, entropy=_least)
    delay = delay_after(attempts, retry_after=retry_after, entropy=lambda _count: random)
    most = delay_after(attempts, retry_after=retry_after, entropy=_most)

    assert least is not None
    assert delay is not None
    assert most is not None
    assert timedelta(seconds=retry_after or 0) <= least <= delay <= most <= least + max(least / 5, timedelta(seconds=1))
