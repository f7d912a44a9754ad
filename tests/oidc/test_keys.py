import json

from app.oidc.compact import Compact, take_apart
from app.oidc.keys import Keys, fits, parse_keys
from app.sealing.secret import Secret
from app.text.json_text import NotJson
from tests.oidc.idp import key_named, sign

KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def published(count: int, **more: str) -> bytes:
    return json.dumps({"keys": [KEY | {"kid": str(number)} | more for number in range(count)]}).encode()


def test_an_issuer_has_a_hundred_keys_at_most() -> None:
    keys = parse_keys(published(100))

    assert isinstance(keys, Keys)
    assert len(keys) == 100
    assert parse_keys(published(101)) == NotJson("it has more than 100 keys")


def test_a_key_of_a_number_that_no_key_has_is_left_out() -> None:
    keys = parse_keys(published(1, kty="RSA", n="A" * 200_000, e="AQAB"))

    assert isinstance(keys, Keys)
    assert len(keys) == 0


def test_a_key_that_is_not_for_checking_signatures_is_left_out() -> None:
    keys = parse_keys(json.dumps({"keys": [KEY | {"kid": "1", "key_ops": ["sign"]}, KEY | {"kid": "2", "use": "enc"}]}).encode())

    assert isinstance(keys, Keys)
    assert len(keys) == 0


def test_keys_of_two_types_may_have_one_id() -> None:
    pair = {name: {**key_named(name).as_dict(private=False), "kid": "this year's"} for name in ("rsa-1", "ec-1")}
    keys = parse_keys(json.dumps({"keys": list(pair.values())}).encode())
    tokens = [
        take_apart(Secret(sign({"alg": alg, "kid": "this year's"}, {}, alg=alg, key=key_named(name))))
        for alg, name in (("PS256", "rsa-1"), ("ES256", "ec-1"))
    ]

    assert isinstance(keys, Keys)
    assert [isinstance(token, Compact) and (key := keys.find(token)) and fits(token, key) for token in tokens] == [True, True]
