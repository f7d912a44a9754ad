import pytest
from hypothesis import given, strategies as st

from app.errors import BadUserInput
from app.graphql.cursors import read_position, write_position
from app.graphql.ids import encode_key


@given(st.lists(st.none() | st.text().filter(lambda text: "\0" not in text) | st.integers(-(2**63) + 1, 2**63 - 1), max_size=5))
def test_what_is_written_is_read(position: list[str | int | None]) -> None:
    assert read_position(write_position(position)) == position


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "{}",
        "null",
        "1",
        '"x"',
        "[true]",
        "[1.5]",
        "[[]]",
        "[{}]",
        "[NaN]",
        r'["\u0000"]',
        r'["\ud800"]',
        "[9223372036854775808]",
        "[" * 1_000,
    ],
)
def test_what_was_never_written_is_refused(content: str) -> None:
    with pytest.raises(BadUserInput):
        read_position(encode_key("Cursor", content))


@pytest.mark.parametrize("cursor", ["", "x", "1", encode_key("Channel", "[1]"), "[1]"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadUserInput):
        read_position(cursor)
