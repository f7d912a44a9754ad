import json
from typing import Any

from hypothesis import given, strategies as st

from app.oidc.compact import LONGEST, Compact, Rejected, take_apart
from app.oidc.keys import Keys, fits, parse_keys
from app.sealing.secret import Secret
from app.text.json_text import NotJson
from tests.oidc.idp import encode, key_named, sign

URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
GOOD = sign({"alg": "EdDSA", "kid": "ed-1", "typ": "JWT"}, {"sub": "ada"}, alg="EdDSA", key=key_named("ed-1"))


def published() -> Keys:
    keys = parse_keys(json.dumps({"keys": [{**key_named("ed-1").as_dict(private=False), "kid": "ed-1"}]}).encode())
    assert not isinstance(keys, NotJson)
    return keys


def long(text: str) -> str:
    return text * (LONGEST // len(text) + 1)


def is_believed(token: str) -> bool:
    taken = take_apart(Secret(token))
    key = published().find(taken) if isinstance(taken, Compact) else None
    return isinstance(taken, Compact) and key is not None and fits(taken, key)


def test_the_token_as_it_was_signed_is_believed() -> None:
    assert is_believed(GOOD)


@given(st.integers(0, len(GOOD) - 1), st.sampled_from([*URL_SAFE, ".", "=", "+", "/", " ", "\n", "\0", "é"]))
def test_with_any_character_changed_it_is_not(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]

    assert is_believed(changed) is (changed == GOOD)


@given(st.integers(0, len(GOOD)), st.sampled_from([*URL_SAFE, ".", "=", " ", "\n"]))
def test_with_any_character_more_it_is_not(place: int, character: str) -> None:
    assert not is_believed(GOOD[:place] + character + GOOD[place:])


@given(st.text() | st.lists(st.text(URL_SAFE), max_size=5).map(".".join) | st.text(URL_SAFE + ".", min_size=1).map(long))
def test_any_other_text_is_rejected_with_words_that_do_not_hold_it(text: str) -> None:
    taken = take_apart(Secret(text))

    assert isinstance(taken, Rejected)
    assert len(text) < 20 or text not in taken.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["RS256", "EdDSA", "none", "ed-1", "JWT"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "zip", "enc", "x"]), JSON))
def test_a_header_passes_only_with_one_of_four_algorithms_a_kid_and_nothing_that_is_not_wanted(header: dict[str, Any]) -> None:
    taken = take_apart(Secret(f"{encode(header)}.AAAA.AAAA"))

    if isinstance(taken, Compact):
        assert taken.algorithm == header["alg"]
        assert taken.algorithm in {"RS256", "PS256", "ES256", "EdDSA"}
        assert taken.key_id == header["kid"] != ""
        assert header.keys() <= {"alg", "kid", "typ", "x"}
        assert isinstance(header.get("typ"), str | None)
