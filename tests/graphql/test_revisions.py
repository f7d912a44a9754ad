from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from app.errors import Refusal, UserErrorCode
from app.graphql.revisions import check_unchanged, touch

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@dataclass
class Row:
    updated_at: datetime


@given(st.lists(st.integers(min_value=-5_000, max_value=5_000)))
def test_every_edit_has_a_later_moment_than_the_one_before_whatever_the_clock_says(clock: list[int]) -> None:
    row = Row(START)

    for milliseconds in clock:
        before = row.updated_at
        touch(row, START + timedelta(milliseconds=milliseconds))
        assert row.updated_at > before
        with pytest.raises(Refusal) as refused:
            check_unchanged(row, before)
        assert (refused.value.code, refused.value.field) == (UserErrorCode.CONFLICT, ("expectedUpdatedAt",))

    check_unchanged(row, row.updated_at)
    check_unchanged(row, None)


def test_a_clock_that_goes_on_is_believed() -> None:
    row = Row(START)

    touch(row, START + timedelta(hours=1))

    assert row.updated_at == START + timedelta(hours=1)
