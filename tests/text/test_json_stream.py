import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from app.text.json_stream import JsonStream, Kind, OddJsonError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def in_pieces(body: bytes, size: int) -> Iterator[bytes]:
    source = io.BytesIO(body)
    while piece := source.read(size):
        yield piece


def stream_of(body: bytes, *, size: int = 1000) -> JsonStream:
    return JsonStream(in_pieces(body, size))


def read(stream: JsonStream) -> object:
    match stream.kind():
        case Kind.OBJECT:
            return {name: read(stream) for name in stream.members()}
        case Kind.LIST:
            return [read(stream) for _ in stream.elements()]
        case _:
            return stream.value()


@given(VALUES, st.integers(1, 40), st.sampled_from([None, 2]), st.booleans())
def test_a_value_is_read_the_same_in_pieces_of_any_size(value: object, size: int, indent: int | None, ascii_only: bool) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()

    stream = stream_of(body, size=size)
    found = read(stream)
    stream.end()

    assert found == value


@given(VALUES, VALUES, st.integers(1, 40))
def test_what_is_passed_over_leaves_what_stands_behind_it(passed: object, kept: object, size: int) -> None:
    stream = stream_of(json.dumps([passed, kept]).encode(), size=size)

    for index in stream.elements():
        if index == 0:
            stream.skip()
        else:
            assert read(stream) == kept
    stream.end()


@given(st.text(), st.integers(1, 40))
def test_a_text_is_read_as_it_stands(text: str, size: int) -> None:
    assert stream_of(json.dumps(text).encode(), size=size).text() == text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "it is empty"),
        (b"  ", "it is cut off before its end"),
        (b'{"a": 1', "it is cut off before its end"),
        (b'{"a": "b\\', "it is cut off before its end"),
        (b'{"a": [1, 2}', "it is not JSON"),
        (b"[1 2]", "it is not JSON"),
        (b"[1,]", "it is not JSON"),
        (b"{1: 2}", "it is not JSON"),
        (b'{"a" 2}', "it is not JSON"),
        (b"[,1]", "it is not JSON"),
        (b"[1] 2", "it is not JSON"),
        (b"[" + b"[" * 201 + b"]" * 201 + b"]", "it is nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused_in_words(body: bytes, message: str) -> None:
    def pass_over() -> None:
        stream = stream_of(body)
        if stream.kind() is Kind.OBJECT:
            for _ in stream.members():
                stream.skip()
        elif stream.kind() is Kind.LIST:
            for _ in stream.elements():
                stream.skip()
        stream.end()

    with pytest.raises(OddJsonError) as problem:
        pass_over()

    assert str(problem.value) == message


def test_a_text_cut_in_the_middle_of_an_escape_ends_before_it() -> None:
    for shift in range(7):
        text = "x" * (16_380 + shift) + "\u00e9\u20ac😀" * 10

        assert text.startswith(stream_of(json.dumps(text).encode()).text().rstrip("\ufffd"))
