import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.oidc.claims import Claims, Expected
from app.oidc.compact import Rejected
from app.oidc.issuer import Away, Issuer
from app.oidc.tokens import verify
from app.sealing.secret import Secret
from app.teams.identities import expected_of_bearers
from tests.held import HeldClock
from tests.oidc.forgeries import FORGED
from tests.oidc.idp import Idp, run_idp

ADA: dict[str, Any] = {"email": "ada@example.com", "email_verified": True, "team_id": "5c00df4e-7949-4587-a4a9-2a225243c61d"}


@asynccontextmanager
async def knowing(clock: HeldClock) -> AsyncIterator[tuple[Idp, Issuer]]:
    with run_idp(clock) as idp:
        idp.person = dict(ADA)
        idp.kids += ["ed448-1", "p384-1"]
        outbound = idp.outbound()
        issuer = Issuer(idp.url, outbound=outbound, clock=clock)
        try:
            yield idp, issuer
        finally:
            await issuer.aclose()
            await outbound.aclose()


async def verified(token: str, issuer: Issuer, idp: Idp, *, expected: Expected | None = None) -> Claims | Rejected | Away:
    wanted = expected or expected_of_bearers(idp.settings())
    return await verify(Secret(token), issuer=issuer, expected=wanted, now=idp.clock.now())


@pytest.mark.parametrize(("alg", "kid"), [("RS256", "rsa-1"), ("PS256", "rsa-1"), ("ES256", "ec-1"), ("EdDSA", "ed-1")], ids=str)
@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_the_issuers_word_is_believed_in_each_of_four_algorithms(clock: HeldClock, alg: str, kid: str, typ: str) -> None:
    async with knowing(clock) as (idp, issuer):
        claims = await verified(idp.token(kid=kid, alg=alg, header={"typ": typ}), issuer, idp)

    assert claims == Claims("ada", "ada@example.com", ADA["team_id"], (clock.now() + timedelta(minutes=5)))


async def test_none_of_the_forged_ones_is_believed_and_few_provoke_a_question(clock: HeldClock) -> None:
    async with knowing(clock) as (idp, issuer):
        good = await verified(idp.token(), issuer, idp)
        asked_before = dict(idp.asked)

        answers = {name: await verified(forge(idp), issuer, idp) for name, forge in FORGED.items()}

        believed = [name for name, answer in answers.items() if not isinstance(answer, Rejected)]
        assert isinstance(good, Claims)
        assert (len(answers) >= 45, believed) == (True, [])
        assert {path: idp.asked[path] for path in asked_before} == asked_before
        assert "/mine" not in idp.asked


async def test_what_is_wrong_is_said_without_a_word_of_the_token(clock: HeldClock) -> None:
    async with knowing(clock) as (idp, issuer):
        secret = "Zq7Wm2Kp9Xr4Tb6"
        tokens = [
            idp.token(sub=secret, exp=secret),
            idp.token(iss=secret),
            idp.token(header={"kid": secret}),
            idp.token(header={"typ": secret}),
            idp.token(header={"alg": secret}),
            idp.token(header={"crit": [secret]}),
        ]

        answers = [await verified(token, issuer, idp) for token in tokens]

    assert answers == [
        Rejected("exp has to be a whole number of seconds"),
        Rejected("iss is not this server's issuer"),
        Rejected("its issuer publishes no key of that kid for that alg"),
        Rejected("its typ has to be at+jwt or jwt"),
        Rejected("its alg has to be one of ES256, EdDSA, PS256, RS256"),
        Rejected("its header has crit, which is not taken from a token"),
    ]


async def test_clocks_may_differ_by_a_minute_but_an_end_is_an_end(clock: HeldClock) -> None:
    async with knowing(clock) as (idp, issuer):
        ahead = await verified(idp.token(iat=idp.now + 60, nbf=idp.now + 60), issuer, idp)
        further = (idp.token(nbf=idp.now + 61), idp.token(iat=idp.now + 61))
        too_far = [await verified(token, issuer, idp) for token in further]
        last = await verified(idp.token(exp=idp.now + 1), issuer, idp)
        late = await verified(idp.token(exp=idp.now), issuer, idp)
        for_ever = await verified(idp.token(exp=253_402_300_799), issuer, idp)

    assert isinstance(ahead, Claims)
    assert too_far == [Rejected("it is not good yet"), Rejected("it was issued in the future")]
    assert isinstance(last, Claims)
    assert late == Rejected("it has expired")
    assert isinstance(for_ever, Claims)
    assert for_ever.expires_at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("audience", [["x", "https://apps.example.com/graphql"], ["https://apps.example.com/graphql"]])
async def test_we_may_be_one_of_several_audiences(clock: HeldClock, audience: list[str]) -> None:
    async with knowing(clock) as (idp, issuer):
        assert isinstance(await verified(idp.token(aud=audience), issuer, idp), Claims)


@pytest.mark.parametrize(
    ("said", "is_believed"),
    [
        ({}, True),
        ({"azp": "us"}, True),
        ({"aud": ["us"]}, True),
        ({"aud": ["us", "them"], "azp": "us"}, True),
        ({"aud": ["us", "them"]}, False),
        ({"aud": ["us", "them"], "azp": "them"}, False),
        ({"azp": "them"}, False),
        ({"azp": ["us"]}, False),
        ({"nonce": "another"}, False),
        ({"nonce": None}, False),
        ({"nonce": ["sent"]}, False),
    ],
)
async def test_an_id_token_is_for_us_alone_and_carries_our_nonce(
    clock: HeldClock, said: dict[str, Any], is_believed: bool
) -> None:
    async with knowing(clock) as (idp, issuer):
        expected = Expected(idp.url, "us", "team_id", frozenset({"jwt", None}), nonce="sent", is_alone=True)
        token = idp.token(**{"header": {"typ": "JWT"}, "aud": "us", "nonce": "sent"} | said)

        assert isinstance(await verified(token, issuer, idp, expected=expected), Claims) is is_believed


@pytest.mark.parametrize(
    ("verified_", "email"), [(True, "ada@example.com"), (False, None), ("true", None), (1, None), (None, None)]
)
async def test_an_e_mail_counts_only_where_the_issuer_says_true(clock: HeldClock, verified_: object, email: str | None) -> None:
    async with knowing(clock) as (idp, issuer):
        claims = await verified(idp.token(email_verified=verified_), issuer, idp)

    assert isinstance(claims, Claims)
    assert claims.verified_email == email


async def test_tokens_at_the_same_time_ask_the_issuer_once(clock: HeldClock) -> None:
    async with knowing(clock) as (idp, issuer):
        answers = await asyncio.gather(*(verified(idp.token(), issuer, idp) for _ in range(50)))

        assert all(isinstance(answer, Claims) for answer in answers)
        assert idp.asked == {"/.well-known/openid-configuration": 1, "/jwks": 1}
