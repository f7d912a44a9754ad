import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpcore2
import pytest

from app.errors import ConfigurationError
from app.outbound import (
    BadCertificates,
    Basic,
    Bearer,
    Cause,
    NotAllowed,
    Request,
    Response,
    Unreachable,
    parse_allow,
    parse_certificates,
    prove_guarded,
)
from app.outbound.messages import put_on_wire
from app.outbound.origins import Url
from app.sealing.secret import Secret
from tests.outbound.calling import OK, PUBLIC, opened
from tests.wires import Authority, CountedDial, Names, Server, serving

# What goes out and what comes back


async def test_a_call_comes_back_with_its_answer() -> None:
    answer = b"HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nok"
    async with serving(answer) as server, opened(sandbox=("127.0.0.1", server.port)) as outbound:
        request = Request(
            "POST", f"{server.origin}/a?b=c", form={"code": Secret("s p"), "x": "y"}, credential=Basic("me", Secret("pass"))
        )

        response = await outbound.send(request, origin=server.origin)

    assert isinstance(response, Response)
    assert (response.status, response.body, response.headers["X-a"]) == (201, b"ok", "1, 2")
    head = server.heads[0].decode().split("\r\n")
    assert head[0] == "POST /a?b=c HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in head
    assert "Authorization: Basic bWU6cGFzcw==" in head
    assert "Accept-Encoding: identity" in head
    assert "Content-Length: 12" in head
    assert "ok" not in repr(response)


def test_a_secret_is_written_only_where_it_is_sent() -> None:
    there = Url("https", "git.example", 443, "/")

    form = put_on_wire(Request("POST", "", form={"token": Secret("hush"), "a": "b c"}), there)
    json = put_on_wire(Request("DELETE", "", json={"access_token": Secret("hush")}), there)
    bearer = put_on_wire(Request("GET", "", credential=Bearer(Secret("hush"))), there)
    plain = put_on_wire(Request("POST", "", json={"a": [1]}), there)

    assert (form.body, form.holds_secret) == (b"token=hush&a=b+c", True)
    assert (json.body, json.holds_secret) == (b'{"access_token":"hush"}', True)
    assert ((b"Authorization", b"Bearer hush") in bearer.headers, bearer.holds_secret) == (True, True)
    assert (plain.body, plain.holds_secret) == (b'{"a":[1]}', False)
    assert "hush" not in repr([form, json, bearer])


@pytest.mark.parametrize(
    "request_",
    [
        Request("get", ""),
        Request("CONNECT", ""),
        Request("GET", "", form={}, json={}),
        Request("GET", "", headers={"authorization": "hush"}),
        Request("GET", "", headers={"COOKIE": "hush"}),
        Request("GET", "", headers={"Private-Token": "hush"}),
        Request("GET", "", headers={"Host": "hush"}),
        Request("GET", "", headers={"X-A": "hush\r\nX-B: 1"}),
        Request("GET", "", headers={"X-A\r\nX-B": "1"}),
        Request("GET", "", headers={"X-A": ""}),
        Request("GET", "", credential=Bearer(Secret("hush\r\nX: 1"))),
        Request("GET", "", credential=Bearer(Secret("hush\u00e9"))),
        Request("GET", "", credential=Bearer(Secret(""))),
        Request("POST", "", json={"a": object()}),
    ],
)
def test_what_cannot_be_written_down_is_a_mistake_that_quotes_no_value(request_: Request) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its text is looked at below
        put_on_wire(request_, Url("https", "git.example", 443, "/"))

    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "secret",
    [
        {"credential": Bearer(Secret("t"))},
        {"credential": Basic("a", Secret("t"))},
        {"form": {"a": Secret("t")}},
        {"json": [Secret("t")]},
    ],
)
@pytest.mark.parametrize(
    "url", ["https://evil.example/", "https://git.example:8443/", "http://git.example/", "https://git.example.evil.example"]
)
async def test_a_secret_never_goes_to_another_origin(secret: dict[str, Any], url: str) -> None:
    dial = CountedDial()
    async with opened(dial=dial, resolve=Names([PUBLIC])) as outbound:
        with pytest.raises(ValueError, match=r"secret of https://git\.example was about to go to"):
            await outbound.send(Request("POST", url, **secret), origin="https://git.example")

    assert dial.connects == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    async with serving(OK) as other:
        answer = f"HTTP/1.1 {status} X\r\nLocation: {other.origin}/x\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(answer) as server, opened(sandbox=("127.0.0.1", server.port)) as outbound:
            request = Request("GET", f"{server.origin}/", credential=Bearer(Secret("t")))

            response = await outbound.send(request, origin=server.origin)

    assert isinstance(response, Response)
    assert (response.status, response.headers["location"]) == (status, f"{other.origin}/x")
    assert (len(server.heads), other.heads) == (1, [])


# Names


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [PUBLIC, "::1"],
        [PUBLIC, "::ffff:10.0.0.1"],
        ["2606:4700::1", "10.0.0.1"],
        [*[f"52.216.0.{n}" for n in range(250)], *[f"52.216.1.{n}" for n in range(249)], "10.0.0.1"],
        ["fe80::1%eth0"],
        ["169.254.169.254"],
    ],
)
async def test_one_denied_address_in_an_answer_is_enough(answers: Sequence[str]) -> None:
    dial = CountedDial()
    async with opened(dial=dial, resolve=Names(answers)) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example")

    assert isinstance(outcome, NotAllowed)
    assert dial.connects == []


@pytest.mark.parametrize(
    "answer",
    [
        OSError(),
        TimeoutError(),
        UnicodeError(),
        RuntimeError(),
        ValueError(),
        KeyError(),
        [],
        [""],
        ["git.example"],
        [PUBLIC, "nonsense"],
    ],
)
async def test_a_resolver_that_fails_opens_nothing(answer: Sequence[str] | Exception) -> None:
    dial = CountedDial()
    async with opened(dial=dial, resolve=Names(answer), allow=parse_allow("git.example")) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example")

    assert outcome == Unreachable(Cause.NAME, "the name git.example could not be looked up")
    assert dial.connects == []


async def test_a_resolver_that_hangs_ends_with_the_deadline() -> None:
    async def hang(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async with opened(dial=CountedDial(), resolve=hang) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example", deadline=0.2)

    assert isinstance(outcome, Unreachable)
    assert outcome.cause is Cause.TIMEOUT


@pytest.mark.parametrize("nth", [2, 3, 7])
async def test_a_name_that_is_bound_anew_is_looked_at_anew(nth: int) -> None:
    dial, names = CountedDial(), Names(*[[PUBLIC]] * (nth - 1), ["127.0.0.1"])
    async with opened(dial=dial, resolve=names) as outbound:
        outcomes = [
            await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example") for _ in range(nth + 1)
        ]

    assert [type(outcome) for outcome in outcomes] == [Unreachable] * (nth - 1) + [NotAllowed] * 2
    assert dial.connects == [(PUBLIC, 443)] * (nth - 1)
    assert len(names.questions) == nth + 1


async def test_the_checked_address_is_the_one_connected_to_and_the_next_is_tried() -> None:
    dial, names = CountedDial(), Names(["2606:4700::1", PUBLIC, "52.216.0.2", "52.216.0.3", "52.216.0.4"])
    async with opened(dial=dial, resolve=names) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example")

    assert outcome == Unreachable(Cause.CONNECT, "https://git.example could not be connected to")
    assert dial.connects == [("2606:4700::1", 443), (PUBLIC, 443), ("52.216.0.2", 443), ("52.216.0.3", 443)]
    assert names.questions == [("git.example", 443)]


# The service's own


@pytest.mark.parametrize(
    ("own", "host"),
    [
        (("10.0.0.9", 8443), "10.0.0.9"),
        (("10.0.0.9", 8443), "[::ffff:10.0.0.9]"),
        (("db.corp.example", 8443), "git.corp.example"),
        (("db.corp.example", 8443), "db.corp.example"),
        (("0.0.0.0", 8443), "127.0.0.1"),  # noqa: S104 - a listener
        (("0.0.0.0", 8443), "127.9.9.9"),  # noqa: S104 - a listener
        (("::", 8443), "127.0.0.1"),
        (("127.0.0.1", 8443), "127.0.0.1"),
    ],
)
async def test_what_the_service_stands_on_is_never_reachable(own: tuple[str, int], host: str) -> None:
    dial, allow = CountedDial(), parse_allow("10.0.0.0/8,127.0.0.0/8,*.corp.example")
    async with opened(dial=dial, resolve=Names(["10.0.0.9"]), own=[own], allow=allow) as outbound:
        outcome = await outbound.send(Request("GET", f"https://{host}:8443/"), origin=f"https://{host}:8443")
        other_port = await outbound.send(Request("GET", f"https://{host}/"), origin=f"https://{host}")

    assert isinstance(outcome, NotAllowed)
    assert "INSTALLED_APPS" not in outcome.message
    assert isinstance(other_port, Unreachable)
    assert [port for _, port in dial.connects] == [443]


async def test_an_own_name_that_cannot_be_looked_up_closes_its_port() -> None:
    async def resolve(host: str, _port: int) -> Sequence[str]:
        if host == "db.corp.example":
            raise OSError
        return ["10.0.0.9"]

    dial = CountedDial()
    async with opened(dial=dial, resolve=resolve, own=[("db.corp.example", 8443)], allow=parse_allow("10.0.0.0/8")) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example:8443/"), origin="https://git.example:8443")

    assert isinstance(outcome, Unreachable)
    assert dial.connects == []


# TLS


async def send_tls(
    authority: Authority, *, url: str, certificates: str | None, origin: str | None = None
) -> tuple[object, Server, CountedDial]:
    async with serving(OK, tls=authority.server) as server:
        dial = CountedDial(server.port)
        async with opened(dial=dial, resolve=Names(["10.0.0.5"]), allow=parse_allow("10.0.0.5")) as outbound:
            outcome = await outbound.send(Request("GET", url), origin=origin or url, certificates=certificates)
    return outcome, server, dial


async def test_a_private_server_is_reached_by_its_name_with_its_certificates(authority: Authority) -> None:
    outcome, server, dial = await send_tls(authority, url="https://git.corp.example", certificates=authority.pem)

    assert isinstance(outcome, Response)
    assert outcome.body == b"ok"
    assert b"Host: git.corp.example\r\n" in server.heads[0]
    assert dial.connects == [("10.0.0.5", 443)]


@pytest.mark.parametrize(
    ("url", "trusted", "origin"),
    [
        ("https://other.corp.example", True, None),
        ("https://10.0.0.5", True, None),
        ("https://git.corp.example", False, None),
        ("https://git.corp.example", True, "https://third.corp.example"),
    ],
)
async def test_a_server_that_cannot_prove_its_name_gets_nothing(
    authority: Authority, url: str, trusted: bool, origin: str | None
) -> None:
    outcome, server, _ = await send_tls(authority, url=url, certificates=authority.pem if trusted else None, origin=origin)

    assert isinstance(outcome, Unreachable)
    assert outcome.cause is Cause.TLS
    assert server.heads == []


async def test_a_server_without_tls_is_told_apart() -> None:
    async with serving(OK, requests=0) as server, opened(dial=CountedDial(server.port), resolve=Names([PUBLIC])) as outbound:
        outcome = await outbound.send(Request("GET", "https://git.example/"), origin="https://git.example")

    assert outcome == Unreachable(Cause.TLS, "https://git.example does not speak TLS as it should")


def test_certificates_have_one_spelling(authority: Authority) -> None:
    assert parse_certificates(f"# ours\n{authority.pem}\n\n") == authority.pem


@pytest.mark.parametrize(
    "pem", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----"]
)
def test_what_is_no_certificate_is_said_so(pem: str) -> None:
    assert isinstance(parse_certificates(pem), BadCertificates)


def test_a_key_beside_a_certificate_is_told_and_not_taken(authority: Authority) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"

    refused = parse_certificates(authority.pem + key)

    assert refused == BadCertificates("it holds a private key; only certificates belong here")


def test_too_many_certificates_are_refused(authority: Authority) -> None:
    assert isinstance(parse_certificates(authority.pem * 33), BadCertificates)


# The proof at start


async def test_the_guard_is_proven_without_a_connect() -> None:
    dial = CountedDial()
    async with opened(dial=dial, allow=parse_allow("0.0.0.0/1,128.0.0.0/1,::/1,8000::/1")) as outbound:
        await prove_guarded(outbound)

    assert dial.connects == []


def unguarded(*, network_backend: httpcore2.AsyncNetworkBackend, **rest: Any) -> httpcore2.AsyncConnectionPool:  # noqa: ARG001 - forgotten
    return httpcore2.AsyncConnectionPool(network_backend=httpcore2.AsyncMockBackend([OK]), **rest)


def moved(**_: Any) -> httpcore2.AsyncConnectionPool:
    raise TypeError("unexpected keyword argument 'network_backend'")


@pytest.mark.parametrize("make_pool", [unguarded, moved])
async def test_a_library_that_lost_the_seam_stops_the_start(make_pool: Callable[..., httpcore2.AsyncConnectionPool]) -> None:
    async with opened(make_pool=make_pool) as outbound:
        with pytest.raises(ConfigurationError, match="guard of outgoing calls"):
            await prove_guarded(outbound)
