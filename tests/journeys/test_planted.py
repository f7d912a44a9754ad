"""The search is proven: what was planted is found, however it is written."""

import base64
import json
import secrets
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from app.telemetry.exporting import open_exporting
from app.telemetry.meters import Meters
from tests.journeys.planted import Planted, Seen
from tests.journeys.watched import Watch
from tests.servers import run_server
from tests.telemetry.collecting import PATH, Collector


@pytest.mark.parametrize(
    "written",
    [
        "before {} after",
        "%7B{}%7D",
        json.dumps({"message": "{}"}),
    ],
)
def test_a_planted_value_is_found_wherever_it_stands(written: str) -> None:
    planted, seen = Planted(), Seen()
    seen.note("first", "nothing here")
    seen.note("second", written.replace("{}", planted.value("here")))

    found = seen.find(planted)

    assert {(leak.secret, leak.place) for leak in found} == {("a planted value", "second")}


@pytest.mark.parametrize("before", ["", "a", "ab", "sandbox-slack:"])
def test_a_secret_is_found_in_every_encoding(before: str, tmp_path: Path) -> None:
    planted = Planted()
    secret = 'p@ss/w+rd"é<\\& of the database'
    planted.know("password", secret)
    whole = (before + secret).encode()
    forms = (
        whole,
        base64.b64encode(whole),
        base64.urlsafe_b64encode(whole),
        whole.hex().encode(),
        quote(whole, safe="").encode(),
        json.dumps(before + secret).encode(),
        whole[len(before) : len(before) + 12],
    )

    for form in forms:
        scratch = tmp_path / "scratch"
        scratch.write_bytes(b"\x00" * 1000 + form + b"\xff" * 1000)
        seen = Seen()
        seen.note("a file", scratch.read_bytes())
        assert {leak.secret for leak in seen.find(planted)} == {"password 1"}, form


async def test_an_answer_that_repeats_a_secret_is_found_but_not_the_place_where_it_is_given_out() -> None:
    planted, seen = Planted(), Seen()
    token = f"ia_{secrets.token_hex(19)}"
    answers = {
        "/given": httpx2.Response(200, json={"data": {"createAccessToken": {"token": token}}}),
        "/body": httpx2.Response(200, json={"data": {"createAccessToken": {"name": token}}}),
        "/header": httpx2.Response(200, headers={"set-cookie": f"a={token}"}),
        "/redirect": httpx2.Response(302, headers={"location": f"https://elsewhere.example/?{token}"}),
    }
    watch = Watch("http://service.example", planted, seen)
    client = watch.client(transport=httpx2.MockTransport(lambda request: answers[request.url.path]))

    for path in answers:
        await client.get(f"http://service.example{path}")
    await watch.aclose()

    assert {leak.place for leak in seen.find(planted)} == {
        "the body of 200 to GET /body",
        "the header set-cookie of 200 to GET /header",
        "the header location of 302 to GET /redirect",
    }


def test_what_leaks_into_a_label_or_into_a_span_is_found() -> None:
    planted, seen, meters, collector = Planted(), Seen(), Meters(), Collector()
    secret = secrets.token_urlsafe(32)
    planted.know("a link", secret)
    meters.answered(route=f"/sign-in/{secret}", method="GET", status=200, seconds=None)
    meters.round_failed(planted.value("a label"))
    seen.note("the metrics", meters.exposition(CollectorRegistry()))
    with run_server(collector.app()) as url:
        tracing = open_exporting(f"{url}{PATH}")
        with tracing.span(f"GET /sign-in/{secret}"), tracing.span("change", {"of": planted.value("an attribute")}):
            pass
        tracing.close()
    seen.note("the traces", b"".join(collector.bodies))

    found = {(leak.secret, leak.place) for leak in seen.find(planted)}

    assert found == {(what, where) for what in ("a link 1", "a planted value") for where in ("the metrics", "the traces")}


def test_what_is_not_there_is_not_found() -> None:
    planted, seen = Planted(), Seen()
    planted.value("nowhere")
    planted.know("password", secrets.token_urlsafe(32))
    seen.note("a place", secrets.token_bytes(100_000))

    assert seen.find(planted) == []
