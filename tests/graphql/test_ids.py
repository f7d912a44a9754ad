from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from app.graphql.ids import decode_id, decode_key, encode_id, encode_ids, encode_key, type_of

KEY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
names = st.sampled_from(["Team", "InstalledApp", "Integration"])


def test_an_id_is_the_type_and_the_keys_bytes_in_base64url() -> None:
    assert encode_id("Team", KEY) == "VGVhbToBiQpdrJZ3S7zOswIJmoBX"


@given(names, st.uuids())
def test_what_is_encoded_is_decoded(name: str, key: UUID) -> None:
    text = encode_id(name, key)

    assert decode_id(text, name) == key
    assert type_of(text) == name


@given(names, st.lists(st.uuids(), max_size=5))
def test_many_ids_are_those_of_each(name: str, keys: list[UUID]) -> None:
    assert encode_ids(name, [key.bytes for key in keys]) == [encode_id(name, key) for key in keys]


@given(names, st.text(max_size=200))
def test_keys_of_things_that_are_no_rows_come_back(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return

    assert decode_key(encode_key(name, text), name) == text


@given(st.text(max_size=60))
def test_a_text_that_is_decoded_is_the_only_one_for_its_key(text: str) -> None:
    key = decode_id(text, "Team")

    assert key is None or encode_id("Team", key) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "VGVhbToBiQpdrJZ3S7zOswIJmoBX=",
        "VGVhbToBiQpdrJZ3S7zOswIJmoBX\n",
        " VGVhbToBiQpdrJZ3S7zOswIJmoBX",
        "VGVhbToBiQpdrJZ3S7zOswIJmo",
        "VGVhbToBiQpdrJZ3S7zOswIJmoBXAA",
        "VGVhbQ",
        "OgGJCl2slndLvM6zAgmagFc",
        "\uff36GVhbToBiQpdrJZ3S7zOswIJmoBX",
        str(KEY),
        "A" * 100_000,
    ],
)
def test_what_no_id_looks_like_is_none(text: str) -> None:
    assert decode_id(text, "Team") is None


def test_spare_bits_at_the_end_make_no_second_spelling() -> None:
    text = encode_key("Team", "a")
    other = text[:-1] + chr(ord(text[-1]) + 1)

    assert decode_key(other, "Team") in {None, "b"}


def test_an_id_of_another_type_is_none() -> None:
    text = encode_id("Team", KEY)

    assert decode_id(text, "TeamMember") is None
    assert decode_id(text, "Tea") is None
    assert decode_key(encode_key("Channel", "x"), "Repository") is None


def test_bytes_that_are_no_text_are_no_key() -> None:
    assert decode_key(encode_id("Channel", UUID(int=2**128 - 1)), "Channel") is None
