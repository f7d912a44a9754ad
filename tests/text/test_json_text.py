import orjson
import pytest
from hypothesis import given, strategies as st

from app.text.json_text import NotJson, parse_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ODD_TEXTS = st.recursive(
    st.text(alphabet='",[{\\a'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='",[{\\a'), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_what_json_says_is_read(value: object) -> None:
    assert parse_json(orjson.dumps(value)) == value
    assert parse_json(b" " + orjson.dumps(value)) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>",
        b'{"a":',
        b'{"a":1}x',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[" + b"9" * 5000 + b"]",
        b'{"a":1,"a":2}',
        b'[{"a":{"b":1,"b":1}}]',
        b'"\\ud800"',
        b'"\xff"',
        '{"a":1}'.encode("utf-16"),
        b'{"a":"\x01"}',
        b"{'a':1}",
        b"[1,]",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" * 33 + b"]" * 33,
        b"[" * 1000 + b"]" * 1000,
    ],
)
def test_what_has_no_one_reading_is_not_json(body: bytes) -> None:
    assert isinstance(parse_json(body), NotJson)


def test_the_depth_is_bounded_where_it_is_said_to_be() -> None:
    assert parse_json(b"[[1]]", depth=2) == [[1]]
    assert parse_json(b"[[[]]]", depth=2) == NotJson("it is nested too deeply")
    assert parse_json(b"[" * 32 + b"]" * 32) != NotJson("it is nested too deeply")


@pytest.mark.parametrize("body", [b"[1,2,3]", b'{"a":1,"b":[2]}', b'{"a":"[[[,,,{{{\\"[[","b":1}', b"1"])
def test_what_separates_values_is_counted_outside_of_texts(body: bytes) -> None:
    assert parse_json(body, separators=3) != NotJson("it has too many values")


@pytest.mark.parametrize("body", [b"[1,2,3,4]", b"[[[[", b'{"a":{"b":{"c":{}}}}', b'["\\"",1,2,3]', b'["a\\\\",1,2,3]'])
def test_more_of_it_than_is_allowed_is_refused_unread(body: bytes) -> None:
    assert parse_json(body, separators=3) == NotJson("it has too many values")


@given(ODD_TEXTS)
def test_what_separates_values_is_counted_exactly_whatever_stands_in_texts(value: object) -> None:
    count = separators_of(value)

    assert parse_json(orjson.dumps(value), separators=count) == value
    assert parse_json(orjson.dumps(value), separators=count - 1) == NotJson("it has too many values")


def separators_of(value: object) -> int:
    match value:
        case list():
            inside = value
        case dict():
            inside = list(value.values())
        case _:
            return 0
    return 1 + max(len(inside) - 1, 0) + sum(map(separators_of, inside))
