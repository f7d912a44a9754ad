"""Calls through a company's proxy: what goes that way, and what goes past it."""

from typing import Any

import pytest

from app.outbound import (
    Bearer,
    Cause,
    NotAllowed,
    Proxy,
    Request,
    Response,
    Unreachable,
    Url,
    parse_allow,
    parse_proxy,
    prove_guarded,
)
from app.outbound.connections import Detour, Guard
from app.outbound.policy import Policy
from app.sealing.secret import Secret
from tests.forwarding import Book, Map, forwarding
from tests.outbound.calling import OK, PUBLIC, opened
from tests.wires import Authority, Names, serving

HOST = "git.corp.example"
ORIGIN = f"https://{HOST}"
PRIVATE = "10.0.0.5"


async def call(authority: Authority, **seams: Any) -> object:
    async with opened(**seams) as outbound:
        request = Request("GET", f"{ORIGIN}/a", credential=Bearer(Secret("hush")))
        return await outbound.send(request, origin=ORIGIN, certificates=authority.pem)


# What goes through it


@pytest.mark.parametrize("names", [{HOST: [PUBLIC]}, {}], ids=["a name that is known here", "one that only the proxy knows"])
async def test_a_call_to_a_public_server_goes_through_the_proxy_by_its_name(authority: Authority, names: dict[str, Any]) -> None:
    network = Map()
    async with serving(OK, tls=authority.server) as server, forwarding({f"{HOST}:443": server.port}) as proxy:
        outcome = await call(authority, proxy=parse_proxy(proxy.url), resolve=Book(names), dial=network)

    assert isinstance(outcome, Response)
    assert (outcome.status, outcome.body) == (200, b"ok")
    assert network.connects == [proxy.place]
    assert (proxy.asked, proxy.opened) == ([f"{HOST}:443"], 1)
    assert server.heads[0].startswith(b"GET /a HTTP/1.1\r\n")
    assert b"hush" in server.heads[0]
    assert b"hush" not in proxy.heads[0]


async def test_a_kept_connection_is_one_way(authority: Authority) -> None:
    async with (
        serving(OK, tls=authority.server, requests=2) as server,
        forwarding({f"{HOST}:443": server.port}) as proxy,
        opened(proxy=parse_proxy(proxy.url), resolve=Book({})) as outbound,
    ):
        request = Request("GET", f"{ORIGIN}/")
        outcomes = [await outbound.send(request, origin=ORIGIN, certificates=authority.pem) for _ in range(2)]

    assert [outcome.status for outcome in outcomes if isinstance(outcome, Response)] == [200, 200]
    assert (len(server.heads), proxy.opened) == (2, 1)


async def test_the_certificate_of_the_server_counts_and_not_the_proxys_word(authority: Authority) -> None:
    evil = "https://evil.example"
    async with (
        serving(OK, tls=authority.server) as server,
        forwarding({"evil.example:443": server.port}) as proxy,
        opened(proxy=parse_proxy(proxy.url), resolve=Book({"evil.example": [PUBLIC]})) as outbound,
    ):
        request = Request("GET", f"{evil}/", credential=Bearer(Secret("hush")))
        outcome = await outbound.send(request, origin=evil, certificates=authority.pem)

    assert isinstance(outcome, Unreachable)
    assert outcome.cause is Cause.TLS
    assert server.heads == []


async def test_the_proxy_is_told_its_user_and_password_and_nobody_else_is(authority: Authority) -> None:
    async with (
        serving(OK, tls=authority.server) as server,
        forwarding({f"{HOST}:443": server.port}, login="ada:s3 cret:ü") as proxy,
    ):
        through = parse_proxy(f"http://ada:s3%20cret%3A%C3%BC@{proxy.place}")
        outcome = await call(authority, proxy=through, resolve=Book({}))

    assert isinstance(outcome, Response)
    assert proxy.opened == 1
    assert b"Authorization: Bearer hush" in server.heads[0]
    assert b"Proxy-" not in server.heads[0]
    assert "cret" not in repr(through)


@pytest.mark.parametrize(("allow", "looks"), [("", 2), (HOST, 4)])
async def test_a_name_that_is_unknown_here_is_looked_up_once_a_minute_unless_the_operator_names_it(
    allow: str, looks: int
) -> None:
    names, moments = Names(OSError("Name or service not known")), iter([0.0, 0.0, 59.0, 61.0, 61.0, 120.0, 121.5, 121.5])
    proxy = Proxy("127.0.0.1", 3128)
    guard = Guard(Policy(parse_allow(allow)), (), names, proxy=proxy, now=lambda: next(moments))

    ways = [await guard.permit(Url("https", HOST, 443, "/")) for _ in range(4)]

    assert ways == [Detour(proxy, HOST)] * 4
    assert len(names.questions) == looks


async def test_a_proxy_may_have_a_private_name(authority: Authority) -> None:
    async with serving(OK, tls=authority.server) as server, forwarding({f"{HOST}:443": server.port}) as proxy:
        network = Map({"10.0.0.9": proxy.port})
        outcome = await call(
            authority,
            proxy=parse_proxy("http://squid_proxy:3128"),
            resolve=Book({"squid_proxy": ["10.0.0.9"], HOST: [PUBLIC]}),
            dial=network,
        )

    assert isinstance(outcome, Response)
    assert network.connects == ["10.0.0.9:3128"]


# What goes past it, or nowhere


@pytest.mark.parametrize("proxies_private", [False, True])
async def test_a_private_server_that_is_allowed_is_called_directly_unless_told(
    authority: Authority, *, proxies_private: bool
) -> None:
    async with serving(OK, tls=authority.server) as server, forwarding({f"{HOST}:443": server.port}) as proxy:
        network = Map({PRIVATE: server.port})
        outcome = await call(
            authority,
            proxy=parse_proxy(proxy.url),
            proxies_private=proxies_private,
            allow=parse_allow(HOST),
            resolve=Book({HOST: [PRIVATE]}),
            dial=network,
        )

    assert isinstance(outcome, Response)
    assert network.connects == [proxy.place if proxies_private else f"{PRIVATE}:443"]
    assert proxy.opened == int(proxies_private)


@pytest.mark.parametrize("proxies_private", [False, True])
async def test_what_is_called_without_tls_is_asked_of_the_proxy_by_its_checked_address(*, proxies_private: bool) -> None:
    plain = f"http://{HOST}:8080"
    async with serving(OK) as server, forwarding({f"{PRIVATE}:8080": server.port}) as proxy:
        seams = {"proxy": parse_proxy(proxy.url), "proxies_private": proxies_private, "allow": parse_allow(plain)}
        network = Map({PRIVATE: server.port})
        async with opened(**seams, resolve=Book({HOST: [PRIVATE]}), dial=network) as outbound:
            outcome = await outbound.send(Request("GET", f"{plain}/"), origin=plain)

    assert isinstance(outcome, Response)
    assert proxy.asked == ([f"{PRIVATE}:8080"] if proxies_private else [])
    assert network.connects == [proxy.place if proxies_private else f"{PRIVATE}:8080"]


async def test_what_is_called_without_tls_is_not_left_to_the_proxy_to_look_up() -> None:
    plain = f"http://{HOST}"
    async with forwarding({}) as proxy:
        seams = {"proxy": parse_proxy(proxy.url), "proxies_private": True, "allow": parse_allow(plain)}
        async with opened(**seams, resolve=Book({})) as outbound:
            outcome = await outbound.send(Request("GET", f"{plain}/"), origin=plain)

    assert outcome == Unreachable(Cause.NAME, f"the name {HOST} could not be looked up")
    assert proxy.asked == []


async def test_this_machine_is_never_looked_for_behind_the_proxy(authority: Authority) -> None:
    async with serving(OK, tls=authority.server) as server, forwarding({}) as proxy:
        outcome = await call(
            authority,
            proxy=parse_proxy(proxy.url),
            proxies_private=True,
            allow=parse_allow(HOST),
            resolve=Book({HOST: ["127.0.0.1"]}),
            dial=Map({"127.0.0.1": server.port}),
        )

    assert isinstance(outcome, Response)
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("url", "names", "says"),
    [
        ("https://10.0.0.5", {}, "it is not a public address"),
        ("https://[fd00::5]", {}, "it is not a public address"),
        ("https://127.0.0.1", {}, "it is not a public address"),
        ("https://169.254.169.254", {}, "never lets calls go"),
        ("https://git.example", {"git.example": ["10.0.0.5"]}, "it is not a public address"),
        ("https://git.example", {"git.example": [PUBLIC, "169.254.169.254"]}, "never lets calls go"),
        ("https://git.example:3000", {}, "ports 443 and 8443 only"),
        ("https://git.example:3000", {"git.example": [PUBLIC]}, "ports 443 and 8443 only"),
        ("https://localhost", {}, "it is a name of a local network"),
        ("https://intranet", {}, "it is a name of a local network"),
        ("https://git.corp", {}, "it is a name of a local network"),
        ("https://printer.local", {}, "it is a name of a local network"),
        ("https://a.b.internal", {}, "it is a name of a local network"),
        ("https://nas.home.arpa", {}, "it is a name of a local network"),
        ("https://metadata.google.internal", {}, "never lets calls go"),
        ("https://db.example:443", {}, "never lets calls go"),
        ("http://git.example", {"git.example": [PUBLIC]}, "over https only"),
    ],
)
async def test_what_the_policy_closes_stays_closed_behind_a_proxy(url: str, names: dict[str, Any], says: str) -> None:
    async with forwarding({}) as proxy:
        network = Map()
        seams = {"proxy": parse_proxy(proxy.url), "proxies_private": True, "own": [("db.example", 443)]}
        async with opened(**seams, resolve=Book({"db.example": ["10.9.9.9"], **names}), dial=network) as outbound:
            outcome = await outbound.send(Request("GET", f"{url}/"), origin=url)

    assert isinstance(outcome, NotAllowed)
    assert says in outcome.message
    assert (network.connects, proxy.asked) == ([], [])


@pytest.mark.parametrize("entry", ["git.corp:443", "*.corp", "git.corp"])
async def test_a_local_name_that_the_operator_allows_is_left_to_the_proxy(entry: str) -> None:
    async with (
        forwarding({}) as proxy,
        opened(proxy=parse_proxy(proxy.url), allow=parse_allow(entry), resolve=Book({})) as outbound,
    ):
        outcome = await outbound.send(Request("GET", "https://git.corp/"), origin="https://git.corp")

    assert outcome == Unreachable(Cause.PROXY, f"the proxy at {proxy.place} cannot reach git.corp:443 (HTTP 502)")


async def test_the_guard_is_proved_with_a_proxy_too() -> None:
    async with forwarding({}) as proxy, opened(proxy=parse_proxy(proxy.url), proxies_private=True) as outbound:
        await prove_guarded(outbound)

    assert proxy.asked == []


# Proxies that open no way
