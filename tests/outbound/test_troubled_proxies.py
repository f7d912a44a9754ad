"""Proxies that open no way, and addresses of proxies that are none: told of in words that never hold the password."""

import asyncio

import pytest
from hypothesis import given, strategies as st

from app.outbound import (
    Cause,
    OddProxy,
    Proxy,
    Request,
    Unreachable,
    parse_proxy,
)
from app.outbound.streams import dial
from app.outbound.tunnels import LONGEST_HEAD, NoWay, open_way
from tests.forwarding import OPENED, Book, forwarding
from tests.outbound.calling import PUBLIC, opened, silence
from tests.wires import Script, serving

PASSWORD = "s3cret"


async def through(script: bytes | Script, *, login: str = f"ada:{PASSWORD}@", requests: int = 1) -> tuple[object, str]:
    async with serving(script, requests=requests) as server:
        proxy = parse_proxy(f"http://{login}127.0.0.1:{server.port}")
        async with opened(proxy=proxy, resolve=Book({"git.example": [PUBLIC]})) as outbound:
            outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example")
    return outcome, f"127.0.0.1:{server.port}"


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: b\r\n" * 100)
        await writer.drain()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\n\r\n", "does not take the user and the password that it is told"),
        (b"HTTP/1.1 407 X\r\n\r\n", "does not take the user and the password that it is told"),
        (
            b"HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate:NTLM\r\n\r\n",
            "asks for another proof than a user and a password (Basic), which cannot be given",
        ),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nhush", "lets no call go to git.example:443 (HTTP 403)"),
        (
            b"HTTP/1.1 401 Unauthorized\r\n\r\n",  # tinyproxy, of a wrong password
            "does not take the user and the password that it is told, or lets no call go to git.example:443 (HTTP 401)",
        ),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n", "cannot reach git.example:443 (HTTP 502)"),
        (b"HTTP/1.1 504 X\r\n\r\n", "cannot reach git.example:443 (HTTP 504)"),
        (b"HTTP/1.1 302 X\r\nLocation: http://evil.example\r\n\r\n", "opens no way to git.example:443 (HTTP 302)"),
        (b"", "closed the connection without a whole answer"),
        (b"HTTP/1.1 200 OK\r\nX-A", "closed the connection without a whole answer"),
        (endless, f"answered with a head of more than {LONGEST_HEAD} bytes"),
    ],
)
async def test_a_proxy_that_opens_no_way_is_told_of_in_words_without_its_password(script: bytes | Script, message: str) -> None:
    outcome, place = await through(script)

    assert outcome == Unreachable(Cause.PROXY, f"the proxy at {place} {message}")


async def test_a_proxy_that_asks_who_is_there_is_told_of_where_nothing_is_set() -> None:
    outcome, place = await through(
        b"HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic\r\n\r\n", login=""
    )

    assert outcome == Unreachable(Cause.PROXY, f"the proxy at {place} asks for a user and a password")


async def test_a_proxy_that_is_told_nobody_and_answers_401_lets_no_call_go() -> None:
    outcome, place = await through(b"HTTP/1.1 401 Unauthorized\r\n\r\n", login="")

    assert outcome == Unreachable(Cause.PROXY, f"the proxy at {place} lets no call go to git.example:443 (HTTP 401)")


@pytest.mark.parametrize("text", ["http://ada:s3#cret@proxy.example:3128", "http://ada:s3/cret@proxy.example:3128"])
def test_a_password_that_is_not_percent_encoded_is_told_what_to_do(text: str) -> None:
    odd = parse_proxy(text)

    assert odd == OddProxy("its host and port are not written plainly; / # ? @ : in a password are percent-encoded (# is %23)")


@pytest.mark.parametrize(
    "rubbish",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.11 200 OK\r\n\r\n",
        OPENED + b"more",
    ],
)
async def test_what_is_no_proxy_is_told_of(rubbish: bytes) -> None:
    outcome, place = await through(rubbish)

    assert outcome == Unreachable(Cause.PROXY, f"what answers at {place} is no HTTP proxy")


async def test_a_proxy_that_resets_the_connection_is_told_of() -> None:
    async def reset(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    outcome, place = await through(reset)

    assert isinstance(outcome, Unreachable)
    assert outcome.cause is Cause.PROXY
    assert f"the proxy at {place}" in outcome.message


async def test_a_proxy_that_is_not_there_is_told_of() -> None:
    async with serving(b"") as server:
        pass
    async with opened(proxy=Proxy("127.0.0.1", server.port), resolve=Book({"git.example": [PUBLIC]})) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example")

    assert outcome == Unreachable(Cause.PROXY, f"the proxy at 127.0.0.1:{server.port} could not be connected to")


async def test_a_proxy_whose_name_is_unknown_is_told_of() -> None:
    async with opened(proxy=Proxy("proxy.corp", 3128), resolve=Book({"git.example": [PUBLIC]})) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example")

    assert outcome == Unreachable(Cause.PROXY, "the name of the proxy, proxy.corp, could not be looked up")


async def drip(writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 " + b"O" * 10_000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("script", [silence, drip])
async def test_a_proxy_that_hangs_is_not_waited_for(script: Script) -> None:
    async with serving(script) as server:
        stream = await dial("127.0.0.1", server.port)
        with pytest.raises(NoWay) as failure:
            await open_way(stream, proxy=Proxy("127.0.0.1", server.port), host="git.example", port=443, patience=0.2)
        await stream.aclose()

    assert failure.value.message == f"the proxy at 127.0.0.1:{server.port} gave no answer within 0.2 seconds"


async def test_a_call_ends_by_its_own_deadline_while_the_proxy_hangs() -> None:
    async with serving(silence) as server, opened(proxy=Proxy("127.0.0.1", server.port), resolve=Book({})) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example", deadline=0.3)

    assert isinstance(outcome, Unreachable)
    assert outcome.cause is Cause.TIMEOUT


async def test_a_server_that_speaks_no_tls_behind_a_proxy_is_told_of_by_its_name() -> None:
    async with (
        serving(b"HTTP/1.1 400 Bad Request\r\n\r\n", requests=0) as server,
        forwarding({"git.example:443": server.port}) as proxy,
        opened(proxy=parse_proxy(proxy.url), resolve=Book({})) as outbound,
    ):
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example")

    assert isinstance(outcome, Unreachable)
    assert outcome.cause in {Cause.TLS, Cause.CONNECT}
    assert "https://git.example" in outcome.message


# Its address


@pytest.mark.parametrize(
    ("text", "host", "port", "user", "password"),
    [
        ("http://proxy.corp.example:3128", "proxy.corp.example", 3128, None, ""),
        ("HTTP://Proxy.Corp.Example:3128/", "proxy.corp.example", 3128, None, ""),
        ("http://squid_1:8080", "squid_1", 8080, None, ""),
        ("http://10.0.0.9:3128", "10.0.0.9", 3128, None, ""),
        ("http://[fd00::9]:3128", "fd00::9", 3128, None, ""),
        ("http://ada:p%40ss%3A%2F@proxy:3128", "proxy", 3128, "ada", "p@ss:/"),
        ("http://CORP%5Cada:@proxy:3128", "proxy", 3128, "CORP\\ada", ""),
        ("http://ada@proxy:3128", "proxy", 3128, "ada", ""),
    ],
)
def test_an_address_of_a_proxy_is_read(text: str, host: str, port: int, user: str | None, password: str) -> None:
    proxy = parse_proxy(text)

    assert isinstance(proxy, Proxy)
    assert (proxy.host, proxy.port, proxy.user, proxy.password.reveal()) == (host, port, user, password)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://ada:s3cret@proxy:3128", "over http"),
        ("socks5h://ada:s3cret@proxy:1080", "SOCKS"),
        ("proxy:3128", "has to look like"),
        ("ada:s3cret@proxy:3128", "has to look like"),
        ("ftp://proxy:3128", "has to look like"),
        ("http://", "has to look like"),
        ("http://proxy", "names no port"),
        ("http://proxy:0", "names no port"),
        ("http://proxy:99999", "host and port"),
        ("http://proxy:s3cret", "host and port"),
        ("http://ada:s3/cret@proxy:3128", "host and port"),
        ("http://ada:s3#cret@proxy:3128", "host and port"),
        ("http://ada:s3@cret@proxy:3128", "percent-encoded"),
        ("http://ada:s3 cret@proxy:3128", "percent-encoded"),
        ("http://ada:s3crét@proxy:3128", "percent-encoded"),
        ("http://ada:s3cret%0d%0a@proxy:3128", "no proxy can be told"),
        ("http://a%3Ada:s3cret@proxy:3128", "no proxy can be told"),
        ("http://:s3cret@proxy:3128", "no proxy can be told"),
        ("http://ada:%ff@proxy:3128", "UTF-8"),
        ("http://proxy:3128/path", "nothing may stand behind"),
        ("http://proxy:3128?a=s3cret", "nothing may stand behind"),
        ("http://pro%78y:3128", "not a name"),
        ("http://[::1:3128", "host and port"),
    ],
)
def test_what_is_no_address_of_a_proxy_is_told_without_its_password(text: str, message: str) -> None:
    odd = parse_proxy(text)

    assert isinstance(odd, OddProxy)
    assert message in odd.message
    assert "s3" not in odd.message


@given(text=st.one_of(st.text(max_size=40), st.from_regex(r"https?://[a-z:@/?#%\[\]0-9=&\r\n ]{0,30}", fullmatch=True)))
def test_whatever_is_said_it_is_read_or_refused(text: str) -> None:
    proxy = parse_proxy(text)

    assert isinstance(proxy, OddProxy) or (0 < proxy.port < 65_536 and proxy.host.isprintable())
