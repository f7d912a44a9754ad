import os
import string
import zlib

from hypothesis import given, strategies as st

from app.sealing.secret import Secret
from app.teams.secrets import hash_of, is_token, make_secret, make_token

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
TOKENS = st.binary(min_size=40, max_size=40).map(lambda bits: make_token(lambda _: bits).reveal())


@given(token=TOKENS)
def test_a_token_is_its_prefix_32_random_characters_and_their_crc32(token: str) -> None:
    prefix, random, check = token[:3], token[3:35], token[35:]

    assert (prefix, len(check), set(token[3:]) <= set(BASE62)) == ("ia_", 6, True)
    number = 0
    for character in check:
        number = number * 62 + BASE62.index(character)
    assert number == zlib.crc32(random.encode())
    assert is_token(token)


@given(token=TOKENS, place=st.integers(0, 40), other=st.characters())
def test_a_token_with_one_other_character_is_none(token: str, place: int, other: str) -> None:
    changed = token[:place] + other + token[place + 1 :]

    assert is_token(changed) is (changed == token)


@given(token=TOKENS, place=st.integers(0, 39))
def test_a_token_with_two_neighbours_swapped_is_none(token: str, place: int) -> None:
    changed = token[:place] + token[place + 1] + token[place] + token[place + 2 :]

    assert is_token(changed) is (changed == token)


@given(token=TOKENS, cut=st.integers(0, 40), more=st.text(min_size=1))
def test_a_token_cut_off_or_lengthened_is_none(token: str, cut: int, more: str) -> None:
    assert not is_token(token[:cut])
    assert not is_token(token + more)
    assert not is_token(more + token)


@given(text=st.text())
def test_no_text_makes_the_check_fail(text: str) -> None:
    assert is_token(text) is False
    assert is_token(f"ia_{text}") is False


def test_tokens_and_secrets_differ_each_time() -> None:
    assert len({make_token(os.urandom).reveal() for _ in range(100)}) == 100
    assert len({make_secret(os.urandom).reveal() for _ in range(100)}) == 100


def test_of_a_secret_its_sha256_is_kept() -> None:
    assert hash_of(Secret("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
