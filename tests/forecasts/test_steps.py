"""When a cause is said, and when again: over any course of things."""

from datetime import datetime, timedelta
from uuid import uuid4

from hypothesis import given, strategies as st

from app.forecasts.causes import Prospect
from app.forecasts.models import Forecast, ForecastCode
from app.forecasts.steps import next_step, stage_at
from app.forecasts.telling import compare
from tests.held import HeldClock

NOW = HeldClock().now()
DAY = timedelta(days=1)
CODE = ForecastCode.SERVER_CERTIFICATE_EXPIRES


def ending(at: datetime) -> Prospect:
    return Prospect(CODE, "It ends.", at, at - 30 * DAY)


def said(prospect: Prospect, *, now: datetime) -> Forecast:
    return Forecast(id=uuid4(), code=prospect.code, at=prospect.at, stage=stage_at(prospect.at, now=now))


def test_the_steps_are_thirty_seven_and_one_days_before() -> None:
    at = NOW + 100 * DAY
    moments = [at - 31 * DAY, at - 30 * DAY, at - 8 * DAY, at - 7 * DAY, at - DAY, at, at + DAY]

    assert [stage_at(at, now=moment) for moment in moments] == [0, 1, 1, 2, 3, 3, 3]
    assert stage_at(None, now=NOW) == 0


def test_the_next_look_is_at_the_next_step() -> None:
    at = NOW + 20 * DAY
    undated = Prospect(ForecastCode.MISSING_SCOPES, "It lacks one.")

    assert next_step([undated, ending(at)], now=NOW) == at - 7 * DAY
    assert next_step([ending(at)], now=at - 7 * DAY) == at - DAY
    assert next_step([ending(at)], now=at) is None
    assert next_step([undated], now=NOW) is None


def test_another_date_is_another_word_and_the_first_is_taken_back() -> None:
    old, new = ending(NOW + 20 * DAY), ending(NOW + 25 * DAY)
    row = said(old, now=NOW)

    news = compare([row], [new], now=NOW, is_stopped=False)

    assert (news.over, news.due) == ([row], [(new, None)])


def test_of_what_has_stopped_nothing_is_said_and_nothing_is_said_again_when_it_works() -> None:
    prospect = ending(NOW + 20 * DAY)
    row = said(prospect, now=NOW)

    assert compare([], [prospect], now=NOW, is_stopped=True).due == []
    stopped = compare([row], [prospect], now=NOW, is_stopped=True)
    again = compare([row], [prospect], now=NOW, is_stopped=False)
    assert [(news.over, news.due) for news in (stopped, again)] == [([], []), ([], [])]


_COURSES = st.lists(
    st.tuples(st.integers(1, 40 * 24), st.one_of(st.none(), st.integers(1, 400)), st.booleans()), min_size=1, max_size=30
)


@given(_COURSES)
def test_over_any_course_nothing_is_said_twice_and_nothing_is_left_standing_that_does_not_hold(
    course: list[tuple[int, int | None, bool]],
) -> None:
    now, standing, heard = NOW, list[Forecast](), list[tuple[ForecastCode, datetime | None, int]]()

    for hours, ends, is_stopped in course:
        now += timedelta(hours=hours)
        found = [ending(NOW + ends * DAY)] if ends is not None else []
        news = compare(standing, found, now=now, is_stopped=is_stopped)
        for row in news.over:
            standing.remove(row)
            heard = [each for each in heard if each[:2] != (row.code, row.at)]
        for prospect, kept in news.due:
            if kept is not None:
                standing.remove(kept)
            row = said(prospect, now=now)
            assert (row.code, row.at, row.stage) not in heard
            heard.append((row.code, row.at, row.stage))
            standing.append(row)

        holds = {(each.code, each.at) for each in found}
        assert {(row.code, row.at) for row in standing} <= holds
        assert len(standing) <= 1
        if found and found[0].at is not None and now >= found[0].at - 30 * DAY and not is_stopped:
            assert [row.stage for row in standing] == [stage_at(found[0].at, now=now)]
