"""What is known of the issuer: how often it is asked, how long its word counts, and what is made of odd answers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import structlog
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from app.oidc.claims import Claims, Expected
from app.oidc.compact import Rejected
from app.oidc.issuer import Away, Issuer
from app.oidc.tokens import verify
from app.outbound import Outbound
from app.sealing.secret import Secret
from app.teams.identities import expected_of_bearers
from tests.held import HeldClock
from tests.oidc.idp import Idp, encode, key_named, run_idp

JWKS = "/jwks"
METADATA = "/.well-known/openid-configuration"
MINUTE = timedelta(minutes=1)


@dataclass
class Relying:
    """Somebody who relies on the provider."""

    idp: Idp
    issuer: Issuer
    clock: HeldClock
    expected: Expected

    async def verify(self, token: str) -> Claims | Rejected | Away:
        return await verify(Secret(token), issuer=self.issuer, expected=self.expected, now=self.clock.now())

    async def believes(self, kid: str) -> bool:
        alg = {"rsa": "RS256", "ec": "ES256"}.get(kid.partition("-")[0], "EdDSA")
        return isinstance(await self.verify(self.idp.token(kid=kid, alg=alg)), Claims)

    @property
    def asked(self) -> tuple[int, int]:
        return self.idp.asked[METADATA], self.idp.asked[JWKS]


@asynccontextmanager
async def relying(clock: HeldClock) -> AsyncIterator[Relying]:
    with run_idp(clock) as idp:
        outbound = idp.outbound()
        issuer = Issuer(idp.url, outbound=outbound, clock=clock)
        try:
            yield Relying(idp, issuer, clock, expected_of_bearers(idp.settings()))
        finally:
            await issuer.aclose()
            await outbound.aclose()


@pytest.fixture
async def here(clock: HeldClock) -> AsyncIterator[Relying]:
    async with relying(clock) as made:
        yield made


async def test_nothing_is_asked_before_a_token_comes(here: Relying) -> None:
    assert here.asked == (0, 0)


async def test_keys_are_asked_for_once_in_ten_minutes(here: Relying) -> None:
    believed = []
    for _ in range(21):
        believed.append(await here.believes("rsa-1"))
        here.clock.advance(MINUTE)

    assert (all(believed), here.asked) == (True, (3, 3))


async def test_a_new_key_is_believed_at_once_and_one_that_is_gone_within_ten_minutes_no_more(here: Relying) -> None:
    assert await here.believes("ed-1")
    here.clock.advance(MINUTE)

    here.idp.kids = ["ed-2"]

    assert await here.believes("ed-2")
    assert not await here.believes("ed-1")
    here.idp.kids = ["ed-3"]
    here.clock.advance(timedelta(minutes=10))
    assert not await here.believes("ed-2")


async def test_a_key_that_is_gone_is_believed_for_ten_minutes_at_most_though_no_new_one_is_used(here: Relying) -> None:
    believed = []
    for minute in range(12):
        if minute == 1:
            here.idp.kids.remove("ed-1")
        believed.append(await here.believes("ed-1"))
        here.clock.advance(MINUTE)

    assert believed == [True] * 10 + [False] * 2


async def test_ten_thousand_unknown_keys_in_ten_seconds_make_the_issuer_be_asked_once_more(here: Relying) -> None:
    assert await here.believes("rsa-1")
    here.clock.advance(timedelta(minutes=2))
    payload, signature = encode(here.idp.claims()), encode(bytes(256))
    began = time.process_time()

    for number in range(10_000):
        header = encode({"alg": "RS256", "kid": f"unknown-{number}", "typ": "JWT"})
        answer = await here.verify(f"{header}.{payload}.{signature}")
        assert isinstance(answer, Rejected)
        here.clock.advance(timedelta(milliseconds=1))
        if number % 1000 == 0:
            assert await here.believes("rsa-1")

    assert here.asked == (2, 2)
    assert time.process_time() - began < 20  # of a processor; what a good token costs, and not more


async def test_many_unknown_keys_at_once_share_one_question(here: Relying) -> None:
    answers = await asyncio.gather(*(here.verify(here.idp.token(header={"kid": f"unknown-{n}"})) for n in range(100)))

    assert all(isinstance(answer, Rejected) for answer in answers)
    assert here.asked == (1, 1)


async def test_a_caller_who_leaves_takes_nobodys_answer_along(here: Relying) -> None:
    leaving = asyncio.create_task(here.verify(here.idp.token()))
    staying = asyncio.create_task(here.verify(here.idp.token()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    leaving.cancel()

    assert isinstance(await staying, Claims)
    assert here.asked == (1, 1)


async def test_while_the_issuer_is_away_its_keys_count_for_a_day_and_it_is_asked_once_a_minute(here: Relying) -> None:
    assert await here.believes("ed-1")
    here.idp.instead = {METADATA: PlainTextResponse("", 503)}
    began = here.clock.now()
    believed: dict[timedelta, bool] = {}

    with structlog.testing.capture_logs() as logged:
        for step in [MINUTE / 4] * 240 + [timedelta(minutes=30)] * 45 + [MINUTE] * 30:
            here.clock.advance(step)
            believed[here.clock.now() - began] = await here.believes("ed-1")
            await here.verify(here.idp.token(header={"kid": "unknown"}))

    assert [age for age, is_believed in believed.items() if is_believed != (age < timedelta(hours=24))] == []
    assert (len(logged), {entry["event"] for entry in logged}) == (here.asked[0] - 1, {"the issuer is away"})
    assert here.asked == (1 + 60 + 45 + 30, 1)
    here.idp.instead.clear()
    here.clock.advance(MINUTE)
    assert await here.believes("rsa-1")


async def test_an_issuer_that_was_never_reached_is_asked_again_after_a_minute_and_not_before(here: Relying) -> None:
    here.idp.instead[JWKS] = PlainTextResponse("", 500)

    first = [await here.verify(here.idp.token()) for _ in range(10)]
    here.idp.instead.clear()
    still = await here.verify(here.idp.token())
    here.clock.advance(MINUTE)

    assert [type(answer) for answer in (*first, still)] == [Away] * 11
    assert await here.believes("rsa-1")
    assert here.asked == (2, 2)


async def test_a_clock_that_was_set_back_keeps_nobody_from_asking(here: Relying) -> None:
    assert await here.believes("rsa-1")
    here.clock.advance(timedelta(days=-1))
    here.idp.kids = ["rsa-2"]

    assert await here.believes("rsa-2")


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("", 404),
        PlainTextResponse("x" * (10 * 1024 * 1024)),
        JSONResponse({"keys": [], "filler": "x" * (256 * 1024)}),
        JSONResponse([]),
        JSONResponse({}),
        JSONResponse({"keys": {}}),
        JSONResponse({"keys": "rsa-1"}),
        PlainTextResponse("not json"),
        PlainTextResponse('{"keys": [], "keys": []}'),
        PlainTextResponse("[" * 5000),
        RedirectResponse("/elsewhere", 302),
        RedirectResponse("https://evil.example/jwks", 307),
        Response(b"\x1f\x8b", headers={"content-encoding": "gzip"}),
    ],
    ids=lambda answer: f"{answer.status_code} {bytes(answer.body[:20])!r} {answer.headers.get('location', '')}",
)
@pytest.mark.parametrize("path", [JWKS, METADATA])
async def test_an_answer_that_cannot_be_used_changes_nothing(here: Relying, path: str, answer: Response) -> None:
    assert await here.believes("rsa-1")
    here.idp.instead[path] = answer
    here.clock.advance(timedelta(minutes=11))

    assert await here.believes("rsa-1")
    assert "/elsewhere" not in here.idp.asked


async def test_an_issuer_that_publishes_no_key_any_more_has_withdrawn_them_all(here: Relying) -> None:
    assert await here.believes("rsa-1")
    here.idp.kids = []
    here.clock.advance(timedelta(minutes=10))

    assert not await here.believes("rsa-1")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"issuer": "https://evil.example"}, "names another issuer"),
        ({"jwks_uri": None}, "jwks_uri is missing"),
        ({"jwks_uri": 1}, "jwks_uri is missing"),
        ({"jwks_uri": "http://evil.example/jwks"}, "not https"),
        ({"jwks_uri": "file:///etc/passwd"}, "not https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "not https"),
        ({"token_endpoint": "http://127.0.0.1:1/token"}, "not https"),
        ({"jwks_uri": "https://169.254.169.254/latest"}, "never lets calls go"),
        ({"jwks_uri": "https://127.0.0.1/jwks"}, "not a public address"),
    ],
    ids=str,
)
async def test_metadata_that_leads_elsewhere_is_not_followed(here: Relying, metadata: dict[str, Any], message: str) -> None:
    here.idp.metadata = metadata

    answer = await here.verify(here.idp.token())

    assert isinstance(answer, Away)
    assert message in answer.message


async def test_an_issuer_with_a_slash_at_its_end_is_asked_at_the_right_place(clock: HeldClock) -> None:
    async with relying(clock) as here:
        here.idp.metadata = {"issuer": f"{here.idp.url}/"}
        outbound = here.idp.outbound()

        published = await Issuer(f"{here.idp.url}/", outbound=outbound, clock=clock).published()
        await outbound.aclose()

    assert not isinstance(published, Away)
    assert here.idp.asked[METADATA] == 1


async def test_without_leave_no_http_issuer_is_asked(clock: HeldClock) -> None:
    async with relying(clock) as here:
        outbound = Outbound()
        issuer = Issuer(here.idp.url, outbound=outbound, clock=clock)

        answer = await issuer.published()
        await outbound.aclose()

    assert isinstance(answer, Away)
    assert "over https only" in answer.message
    assert here.asked == (0, 0)


def _spoiled(**changed: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda jwk: {**jwk, **changed}


@pytest.mark.parametrize(
    "spoil",
    [
        _spoiled(use="enc"),
        _spoiled(key_ops=["sign"]),
        _spoiled(alg="RS512"),
        _spoiled(alg="HS256"),
        _spoiled(kty="oct", k="AAAA"),
        _spoiled(kty="EC"),
        _spoiled(kid=1),
        _spoiled(n="AQAB"),
        _spoiled(n="?"),
        _spoiled(n=1),
        _spoiled(e="AQ"),
        lambda jwk: {name: value for name, value in jwk.items() if name != "kid"},
        lambda _: {},
        lambda _: {"kty": "RSA", "kid": "rsa-1", "n": "A" * 200_000, "e": "AQAB"},
    ],
    ids=range(14),
)
async def test_a_key_for_something_else_or_none_is_left_out_and_the_others_count(
    here: Relying, spoil: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    rsa, ed = ({**key_named(kid).as_dict(private=False), "kid": kid} for kid in ("rsa-1", "ed-1"))
    here.idp.instead[JWKS] = PlainTextResponse(json.dumps({"keys": [spoil(dict(rsa)), "?", None, ed]}))

    assert (await here.believes("rsa-1"), await here.believes("ed-1")) == (False, True)


async def test_a_key_that_names_its_algorithm_is_for_that_alone(here: Relying) -> None:
    rsa = {**key_named("rsa-1").as_dict(private=False), "kid": "rsa-1", "alg": "PS256"}
    here.idp.instead[JWKS] = JSONResponse({"keys": [rsa]})

    answers = [await here.verify(here.idp.token(alg=alg)) for alg in ("RS256", "PS256")]

    assert [type(answer) for answer in answers] == [Rejected, Claims]


async def test_a_private_key_that_was_published_by_mistake_is_used_as_what_is_public_of_it(here: Relying) -> None:
    private = {**key_named("ed-1").as_dict(private=True), "kid": "ed-1"}
    here.idp.instead[JWKS] = JSONResponse({"keys": [private]})

    assert await here.believes("ed-1")
