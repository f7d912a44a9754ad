import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from authlib.oidc.core.util import create_half_hash  # type: ignore[import-untyped]  # it has no stubs

from app.oidc.claims import Claims, Expected, read_claims
from app.oidc.compact import Rejected
from app.sealing.secret import Secret

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
EXPECTED = Expected(
    "https://id.example", "us", "team", frozenset({"jwt"}), nonce="sent", is_alone=True, access_token=Secret("opaque")
)
NOT_ITS_HASH = Rejected("at_hash is not that of the access token beside it")


def read(expected: Expected = EXPECTED, *, algorithm: str = "RS256", **said: Any) -> Claims | Rejected:
    now = int(NOW.timestamp())
    usual = {"iss": "https://id.example", "sub": "ada", "aud": "us", "iat": now, "exp": now + 300, "nonce": "sent"}
    return read_claims(json.dumps(usual | said).encode(), algorithm=algorithm, expected=expected, now=NOW)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_an_id_token_may_hold_the_hash_of_the_access_token_that_came_with_it(algorithm: str) -> None:
    right, other = (create_half_hash(token, algorithm).decode() for token in ("opaque", "another"))

    answers = [read(algorithm=algorithm, at_hash=at_hash) for at_hash in (right, other)]

    assert isinstance(answers[0], Claims)
    assert answers[1] == NOT_ITS_HASH


@pytest.mark.parametrize("at_hash", ["", 1, None, ["x"], {"x": 1}, [1, 2], True, "é", "x" * 3000], ids=repr)
def test_a_hash_that_is_none_is_refused(at_hash: object) -> None:
    assert read(at_hash=at_hash) == NOT_ITS_HASH


def test_without_an_access_token_there_is_nothing_to_hold_its_hash_against() -> None:
    assert isinstance(read(replace(EXPECTED, access_token=None), at_hash="anything"), Claims)


@pytest.mark.parametrize("azp", ["", None, [], {}, 0, ["us"], "them"], ids=repr)
def test_who_it_is_made_out_to_is_named_or_not_there_at_all(azp: object) -> None:
    assert read(azp=azp) == Rejected("it is made out to somebody else as well")


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("iss", "iss is not this server's issuer"),
        ("sub", "sub has to be a text that is not empty"),
        ("aud", "aud does not name this server"),
        ("exp", "exp has to be a whole number of seconds"),
        ("nbf", "nbf has to be a whole number of seconds"),
        ("iat", "iat has to be a whole number of seconds"),
        ("jti", "jti has to be a text"),
        ("team", "the claim that names the team has to be a text"),
    ],
)
@pytest.mark.parametrize("value", [None, [], {}, 1.5, False], ids=repr)
def test_what_is_wrong_with_a_claim_is_said_in_its_own_words(claim: str, message: str, value: Any) -> None:
    assert read(**{claim: value}) == Rejected(message)
