import pytest

from app.providers._messaging.reports import describe_duration


@pytest.mark.parametrize(
    ("milliseconds", "message"),
    [
        (-5, "0 ms"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1 s"),
        (3_450, "3.4 s"),
        (59_999, "59.9 s"),
        (60_000, "1 min 0 s"),
        (72_000, "1 min 12 s"),
        (3_599_999, "59 min 59 s"),
        (7_500_000, "2 h 5 min"),
        (273_600_000, "3 d 4 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(milliseconds: int, message: str) -> None:
    assert describe_duration(milliseconds) == message
