import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable

import orjson
import pytest
import structlog
from hypothesis import given, strategies as st
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from app.sealing.secret import Secret, from_bytes, to_bytes

CANARY = "canary-7f3a9c51d2e84b06"


@dataclasses.dataclass
class Holder:
    name: str
    token: Secret


def logged_by_logging(secret: Secret) -> str:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.Logger("secrets")  # noqa: LOG001 - one of its own, that no other test hears
    logger.addHandler(handler)
    logger.warning("%s %r %s", secret, secret, {"token": secret}, extra={"token": secret})
    return written.getvalue()


def logged_by_structlog(secret: Secret) -> str:
    written = io.StringIO()
    renderer = structlog.processors.JSONRenderer()
    logger = structlog.wrap_logger(structlog.PrintLogger(written), processors=[renderer])
    logger.warning("a secret", token=secret, held=[secret])
    return written.getvalue()


def fail_with(secret: Secret) -> None:
    held = {"token": secret}
    raise ValueError(held)


def traceback_with_locals(secret: Secret) -> str:
    try:
        fail_with(secret)
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    return ""


def rich_traceback_with_locals(secret: Secret) -> str:
    written = io.StringIO()
    try:
        fail_with(secret)
    except ValueError as error:
        kind, value, trace = type(error), error, error.__traceback__
        shown = Traceback.from_exception(kind, value, trace, show_locals=True)
        Console(file=written, width=200).print(shown)
    return written.getvalue()


def walked_attributes(secret: Secret) -> str:
    """What an error tracker finds that looks at attributes and slots on its own."""
    return repr([getattr(secret, name) for name in ("__slots__", *Secret.__slots__)]) + repr(sys.getsizeof(secret))


def refusal(error: type[Exception], action: Callable[[Secret], object], secret: Secret) -> str:
    with pytest.raises(error) as refused:
        action(secret)
    return "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())


SHOWN: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "format": lambda secret: f"{secret}{secret!r}{secret!s}{secret:>40}",
    "str.format": lambda secret: "{} {!r} {:s}".format(secret, secret, secret),  # noqa: UP032 - the channel under test
    "percent": lambda secret: "%s %r %a" % (secret, secret, secret),  # noqa: UP031 - the channel under test
    "containers": lambda secret: repr([secret, {"token": secret}, (secret,), {secret}]),
    "dataclass": lambda secret: repr(Holder("a", secret)),
    "exception": lambda secret: repr(ValueError(secret)) + str(ValueError(secret)),
    "pprint": lambda secret: pprint.pformat({"token": secret}),
    "rich": lambda secret: pretty_repr({"token": secret}),
    "json with default=str": lambda secret: json.dumps({"token": secret}, default=str),
    "json with default=repr": lambda secret: json.dumps({"token": secret}, default=repr),
    "orjson with default=str": lambda secret: orjson.dumps({"token": secret}, default=str).decode(),
    "logging": logged_by_logging,
    "structlog": logged_by_structlog,
    "traceback with locals": traceback_with_locals,
    "rich traceback with locals": rich_traceback_with_locals,
    "walked attributes": walked_attributes,
}

REFUSED: dict[str, Callable[[Secret], object]] = {
    "json": json.dumps,
    "json with default=vars": lambda secret: json.dumps(secret, default=vars),
    "orjson": orjson.dumps,
    "pickle": pickle.dumps,
    "pickle protocol 0": lambda secret: pickle.dumps(secret, protocol=0),
    "pickle inside": lambda secret: pickle.dumps({"token": secret}),
    "copy": copy.copy,
    "deepcopy": lambda secret: copy.deepcopy([secret]),
    "asdict": lambda secret: dataclasses.asdict(Holder("a", secret)),
    "vars": vars,
    "iteration": lambda secret: [*secret],  # type: ignore[misc]
    "membership": lambda secret: "c" in secret,  # type: ignore[operator]
    "index": lambda secret: secret[0],  # type: ignore[index]
    "concatenation": lambda secret: "Bearer " + secret,  # type: ignore[operator]
    "joining": lambda secret: ",".join(2 * [secret]),  # type: ignore[arg-type]
    "bytes": lambda secret: b"".join([secret]),  # type: ignore[list-item]
    "getstate": lambda secret: secret.__getstate__(),
}


@pytest.mark.parametrize("channel", SHOWN)
def test_a_secret_that_is_shown_shows_nothing(channel: str) -> None:
    secret = Secret(CANARY)

    shown = SHOWN[channel](secret)

    assert shown
    assert CANARY not in shown
    assert CANARY[-4:] not in shown


@pytest.mark.parametrize("channel", REFUSED)
def test_a_secret_is_not_written_out_and_the_refusal_shows_nothing(channel: str) -> None:
    secret = Secret(CANARY)

    told = refusal(TypeError, REFUSED[channel], secret)

    assert CANARY not in told
    assert CANARY[-4:] not in told


def test_every_text_form_is_the_mask() -> None:
    secret = Secret(CANARY)

    assert (repr(secret), str(secret), f"{secret}", f"{secret:>9}") == ("***", "***", "***", "***")


def test_only_reveal_gives_the_text_away() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_secrets_are_equal_only_to_themselves() -> None:
    secret, twin = Secret(CANARY), Secret(CANARY)

    assert secret == secret  # noqa: PLR0124 - identity is the claim
    assert secret not in [twin, CANARY]
    assert len({secret, twin}) == 2


@pytest.mark.parametrize(
    ("text", "last_four"),
    [("", ""), ("abcd", ""), ("abcdefg", ""), ("abcdefgh", "efgh"), (CANARY, "4b06"), ("x" * 8 + "äöü€", "äöü€")],
)
def test_the_last_four_never_show_more_than_half(text: str, last_four: str) -> None:
    assert Secret(text).last_four == last_four


def test_nothing_is_a_kind_of_secret() -> None:
    with pytest.raises(TypeError, match="nothing is a kind of Secret"):
        type("Loud", (Secret,), {})


@given(text=st.text(st.characters(exclude_categories=())))
def test_every_text_survives_the_way_through_bytes_lone_surrogates_included(text: str) -> None:
    assert from_bytes(to_bytes(Secret(text))).reveal() == text
