import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from app.outbound import NotAllowed, Outbound, Request, Unreachable
from app.outbound.origins import OddUrl, Url, origin_of, parse_url, same_origin
from tests.wires import CountedDial, Names

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "odd_urls.json").read_text())
DENIED = [f"https://{host}/" for host in VECTORS["hosts"]] + [f"http://{host}/" for host in VECTORS["hosts"]] + VECTORS["urls"]


async def test_no_spelling_gets_past_the_door() -> None:
    dial = CountedDial()
    outbound = Outbound(dial=dial, resolve=Names(["127.0.0.1"]))

    outcomes = {url: await outbound.send(Request("GET", url), origin="https://a.example") for url in DENIED}

    await outbound.aclose()
    assert [url for url, outcome in outcomes.items() if not isinstance(outcome, NotAllowed | Unreachable)] == []
    assert dial.connects == []
    assert len(DENIED) >= 300


@pytest.mark.parametrize("url", VECTORS["urls"])
def test_an_odd_spelling_is_told_so(url: str) -> None:
    accepted = {"https://host?@127.0.0.1/"}  # a query, and the host is what it seems to be

    assert isinstance(parse_url(url), OddUrl) == (url not in accepted)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://git.example.com", "https://git.example.com"),
        ("HTTPS://Git.Example.COM:443/gitlab/", "https://git.example.com"),
        ("https://git.example.com:8443/a?b=c", "https://git.example.com:8443"),
        ("http://127.0.0.1:8010/slack", "http://127.0.0.1:8010"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://stra\u00dfe.example", "https://xn--strae-oqa.example"),
        ("https://[2001:DB8:0::1]:443/", "https://[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("https://gitlab", "https://gitlab"),
        ("https://0a.example", "https://0a.example"),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert origin_of(origin) == origin


def test_the_path_and_the_query_stay_as_they_are_written() -> None:
    parsed = parse_url("https://git.example.com/api/v4/projects/a%2Fb/x?ref=%E2%9C%93&y[]=1")

    assert parsed == Url("https", "git.example.com", 443, "/api/v4/projects/a%2Fb/x?ref=%E2%9C%93&y[]=1")
    assert parse_url("https://git.example.com?page=2") == Url("https", "git.example.com", 443, "/?page=2")


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://git.example.com/next?page=2", True),
        ("https://GIT.example.com:443/next", True),
        ("http://git.example.com/next", False),
        ("https://git.example.com:8443/next", False),
        ("https://git.example.com.evil.example/", False),
        ("https://evil.example/?https://git.example.com", False),
        ("https://git.example.com@evil.example/", False),
        ("https://user@git.example.com/", False),
        ("//git.example.com/", False),
        ("/next", False),
        ("", False),
    ],
)
def test_only_the_same_server_is_the_same_origin(url: str, same: bool) -> None:
    assert same_origin(url, "https://git.example.com") is same


def test_two_odd_addresses_are_not_the_same_origin() -> None:
    assert not same_origin("nonsense", "nonsense")


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.example/{text}"):
        parsed = parse_url(url)
        if isinstance(parsed, Url):
            assert origin_of(parsed.origin) == parsed.origin
