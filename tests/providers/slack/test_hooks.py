import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from pydantic import SecretStr
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.datastructures import Headers

from app.providers.contract import AccessEnded, Challenge, Forged, HookAnswer, Ignored, SignedRequest
from app.providers.slack import provider as slack
from app.providers.slack.hooks import read_hook
from app.sealing.secret import Secret
from app.settings import Settings

# Slack's own example, in "Verifying requests from Slack".
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
OFFICIAL_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
    b".803a0bc887a14d10d2c447fce8b6703c"
)
OFFICIAL_TIMESTAMP = 1_531_420_618
OFFICIAL_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
GENUINE = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()


def sign(body: bytes, *, timestamp: str = STAMP, secret: str = SECRET) -> str:
    signed = b"v0:" + timestamp.encode("latin-1") + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def headers_of(signature: str, timestamp: str = STAMP) -> Mapping[str, str]:
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def read(body: bytes, headers: Mapping[str, str] | None = None, *, now: datetime = NOW) -> HookAnswer:
    request = SignedRequest(headers=headers_of(sign(body)) if headers is None else headers, body=body)
    return read_hook(request, signing_secret=Secret(SECRET), now=now)


def read_event(**body: object) -> HookAnswer:
    return read(json.dumps(body).encode())


def test_our_signature_is_slacks() -> None:
    assert sign(OFFICIAL_BODY, timestamp=str(OFFICIAL_TIMESTAMP)) == OFFICIAL_SIGNATURE


def test_a_genuine_body_that_is_no_event_is_not_readable() -> None:
    headers = headers_of(OFFICIAL_SIGNATURE, str(OFFICIAL_TIMESTAMP))

    assert read(OFFICIAL_BODY, headers, now=datetime.fromtimestamp(OFFICIAL_TIMESTAMP, UTC)) == Forged()


def test_the_address_is_verified() -> None:
    assert read(GENUINE) == Challenge("3eZbrw1aB")


def test_header_names_are_read_in_any_case() -> None:
    signature = sign(GENUINE)

    assert read(GENUINE, {"x-slack-request-timestamp": STAMP, "X-SLACK-SIGNATURE": signature}) == Challenge("3eZbrw1aB")
    assert read(GENUINE, Headers(headers_of(signature))) == Challenge("3eZbrw1aB")


GOOD = sign(GENUINE)
DIGEST = GOOD.removeprefix("v0=")


def bad_headers() -> Iterator[tuple[str, Mapping[str, str]]]:
    signatures = {
        "empty": "",
        "a space": " ",
        "the prefix alone": "v0=",
        "no prefix": DIGEST,
        "another version": f"v1={DIGEST}",
        "a capital version": f"V0={DIGEST}",
        "sha256=": f"sha256={DIGEST}",
        "sha1=": f"sha1={hashlib.sha1(GENUINE, usedforsecurity=False).hexdigest()}",
        "no equals sign": f"v0{DIGEST}",
        "two equals signs": f"v0=={DIGEST}",
        "a colon": f"v0:{DIGEST}",
        "upper case": "v0=" + DIGEST.upper(),
        "one digit less": GOOD[:-1],
        "one digit more": GOOD + "0",
        "half of it": GOOD[:35],
        "twice the digest": GOOD + DIGEST,
        "another first digit": "v0=" + ("0" if DIGEST[0] != "0" else "1") + DIGEST[1:],
        "another last digit": GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"),
        "zeros": "v0=" + "0" * 64,
        "a line break behind": GOOD + "\n",
        "a carriage return behind": GOOD + "\r",
        "a space behind": GOOD + " ",
        "a space before": " " + GOOD,
        "a tab before": "\t" + GOOD,
        "a null byte behind": GOOD + "\0",
        "a null byte within": GOOD[:20] + "\0" + GOOD[21:],
        "two, by comma": f"{GOOD}, {GOOD}",
        "a bad and a good": f"v0={'0' * 64},{GOOD}",
        "two, by space": f"{GOOD} {GOOD}",
        "quoted": f'"{GOOD}"',
        "not ascii": "v0=" + "é" * 64,
        "not latin-1": "v0=" + "\u0430" * 64,
        "digits of another script": "v0=" + "\u0661" * 64,
        "a lone surrogate": "v0=" + "\ud800" * 64,
        "base64": "v0=" + "A" * 43 + "=",
        "another secret's": sign(GENUINE, secret="another"),
        "no secret's": sign(GENUINE, secret=""),
        "another body's": sign(GENUINE + b" "),
        "a shorter body's": sign(GENUINE[:-1]),
        "the empty body's": sign(b""),
        "the reserialized body's": sign(json.dumps(json.loads(GENUINE), separators=(",", ":")).encode()),
        "another second's": sign(GENUINE, timestamp=str(int(STAMP) + 1)),
        "no timestamp's": sign(GENUINE, timestamp=""),
        "the body's alone": "v0=" + hmac.new(SECRET.encode(), GENUINE, hashlib.sha256).hexdigest(),
        "sha512": "v0=" + hmac.new(SECRET.encode(), GENUINE, hashlib.sha512).hexdigest(),
        "ten thousand digits": "v0=" + "a" * 10_000,
        "None": "None",
    }
    yield from ((name, headers_of(signature)) for name, signature in signatures.items())
    yield "missing", {"X-Slack-Request-Timestamp": STAMP}
    yield "under another name", {"X-Slack-Request-Timestamp": STAMP, "X-Slack-Signature-": GOOD}
    raw = [(b"x-slack-signature", GOOD.encode()), (b"x-slack-request-timestamp", STAMP.encode())]
    yield "two headers", Headers(raw=[*raw, (b"x-slack-signature", GOOD.encode())])
    yield "two timestamps", Headers(raw=[*raw, (b"x-slack-request-timestamp", STAMP.encode())])
    yield "two headers, of two cases", {**headers_of(GOOD), "x-slack-signature": GOOD}


BAD_HEADERS = dict(bad_headers())


@pytest.mark.parametrize("headers", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_bad_signature_is_forged(headers: Mapping[str, str]) -> None:
    assert len(BAD_HEADERS) >= 40
    assert read(GENUINE, headers) == Forged()


TIMESTAMPS = {
    "-301 s": (str(int(STAMP) - 301), False),
    "-300 s": (str(int(STAMP) - 300), True),
    "0 s": (STAMP, True),
    "+300 s": (str(int(STAMP) + 300), True),
    "+301 s": (str(int(STAMP) + 301), False),
    "zeros before": ("00" + STAMP, True),
    "an underscore": (STAMP[:3] + "_" + STAMP[3:], False),
    "a space before": (" " + STAMP, False),
    "a line break behind": (STAMP + "\n", False),
    "a sign": ("+" + STAMP, False),
    "minus one": ("-1", False),
    "a fraction": (STAMP + ".0", False),
    "an exponent": ("1e3", False),
    "hexadecimal": (hex(int(STAMP)), False),
    "10**20": (str(10**20), False),
    "five thousand digits": ("1" * 5000, False),
    "superscript digits": ("\xb9\xb2\xb3", False),
    "empty": ("", False),
}


@pytest.mark.parametrize(("timestamp", "is_genuine"), TIMESTAMPS.values(), ids=TIMESTAMPS)
def test_a_timestamp_is_plain_digits_within_five_minutes(timestamp: str, is_genuine: bool) -> None:
    answer = read(GENUINE, headers_of(sign(GENUINE, timestamp=timestamp), timestamp))

    assert answer == (Challenge("3eZbrw1aB") if is_genuine else Forged())


def test_arabic_digits_are_no_timestamp() -> None:
    arabic = STAMP.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))

    assert read(GENUINE, headers_of(sign(GENUINE), arabic)) == Forged()


def test_a_missing_timestamp_is_forged() -> None:
    assert read(GENUINE, {"X-Slack-Signature": GOOD}) == Forged()


class _HeldClock(Clock):
    def now(self) -> float:
        return NOW.timestamp()


@given(body=st.text().map(str.encode), offset=st.integers(-310, 310), flipped=st.booleans())
def test_slacks_own_verifier_agrees(body: bytes, offset: int, flipped: bool) -> None:
    timestamp = str(int(STAMP) + offset)
    body = json.dumps({"type": "app_rate_limited", "filler": body.decode()}).encode()
    headers = headers_of(sign(body + (b" " if flipped else b""), timestamp=timestamp), timestamp)

    theirs = SignatureVerifier(SECRET, _HeldClock()).is_valid_request(body, dict(headers))

    assert (read(body, headers) == Ignored()) is theirs
    assert theirs is (not flipped and abs(offset) <= 300)


@given(body=st.binary(), signature=st.text(alphabet="v0=9af", max_size=70), timestamp=st.from_regex(r"\A[0-9]{1,12}\Z"))
def test_no_random_request_is_genuine(body: bytes, signature: str, timestamp: str) -> None:
    assert read(body, headers_of(signature, timestamp)) == Forged()


@given(body=st.binary())
def test_no_genuine_body_raises(body: bytes) -> None:
    assert read(body) == Forged()


EVENT = {"type": "event_callback", "team_id": "T0ACME001", "event_id": "Ev0001", "api_app_id": "A1", "event_time": 1}
ENDED = AccessEnded(account_id="T0ACME001")
PEOPLES = {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}
EVENTS: Mapping[str, tuple[Mapping[str, object], HookAnswer]] = {
    "the app was uninstalled": (EVENT | {"event": {"type": "app_uninstalled"}}, ENDED),
    "the bot's token was revoked": (
        EVENT | {"event": {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["U2"]}}},
        ENDED,
    ),
    "an odd one among them": (
        EVENT | {"event": {"type": "tokens_revoked", "tokens": {"oauth": [None], "bot": [7, "U2"]}}},
        ENDED,
    ),
    "it is not said whose": (EVENT | {"event": {"type": "tokens_revoked"}}, ENDED),
    "nobody's, it says": (EVENT | {"event": {"type": "tokens_revoked", "tokens": {}}}, ENDED),
    "only a person's token was revoked": (EVENT | {"event": PEOPLES}, Ignored()),
    "a message": (EVENT | {"event": {"type": "message", "tokens": None}}, Ignored()),
    "Slack holds events back": ({"type": "app_rate_limited", "minute_rate_limited": 1}, Ignored()),
    "a type of tomorrow": ({"type": "something_new"}, Ignored()),
    "no type": ({"challenge": "a"}, Forged()),
    "a type that is a number": ({"type": 1}, Forged()),
    "no event": (EVENT, Forged()),
    "an event that is a string": (EVENT | {"event": "app_uninstalled"}, Forged()),
    "no team": ({key: EVENT[key] for key in ("type", "event_id")} | {"event": {"type": "app_uninstalled"}}, Forged()),
    "a team of null": (EVENT | {"team_id": None, "event": {"type": "app_uninstalled"}}, Forged()),
    "a team with markup": (EVENT | {"team_id": "T<1>", "event": {"type": "app_uninstalled"}}, Forged()),
    "a team without end": (EVENT | {"team_id": "T" * 100, "event": {"type": "app_uninstalled"}}, Forged()),
    "tokens that are a list": (EVENT | {"event": {"type": "tokens_revoked", "tokens": ["U1"]}}, Forged()),
    "no challenge": ({"type": "url_verification"}, Forged()),
    "a challenge that is a number": ({"type": "url_verification", "challenge": 1}, Forged()),
    "a challenge with a line break": ({"type": "url_verification", "challenge": "a\nb"}, Forged()),
    "a challenge with markup": ({"type": "url_verification", "challenge": "a b"}, Forged()),
    "a challenge without end": ({"type": "url_verification", "challenge": "a" * 600}, Forged()),
}


@pytest.mark.parametrize(("body", "answer"), EVENTS.values(), ids=EVENTS)
def test_a_genuine_event_is_read(body: Mapping[str, object], answer: HookAnswer) -> None:
    assert read_event(**body) == answer


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"url_verification"', b"{", b'{"type":"a","type":"b"}', b"[" * 100_000, b"\xff\xfe"]
)
def test_a_genuine_body_that_cannot_be_read_is_forged(body: bytes) -> None:
    assert read(body) == Forged()


def test_the_signing_secret_is_the_operators() -> None:
    secret = slack.HOOKS.secret(Settings(slack_signing_secret=SecretStr("shh")))

    assert secret is not None
    assert secret.reveal() == "shh"


@pytest.mark.parametrize("setting", [None, SecretStr("")])
def test_without_a_signing_secret_there_are_no_events(setting: SecretStr | None) -> None:
    assert slack.HOOKS.secret(Settings(slack_signing_secret=setting)) is None
