"""A proxy that no setting names is told of, once, in the log and by `check`: it makes one address of everybody."""

from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from app.web.proxies import REQUESTS, UnnamedProxies
from tests.services import PUBLIC_URL

FORWARDED = {"X-Forwarded-For": "192.0.2.7"}


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await Response("ok")(scope, receive, send)


async def ask(proxies: UnnamedProxies, times: int, *, peer: str, headers: dict[str, str] | None = None) -> list[Any]:
    """Ask so often from a peer; return what was logged."""
    transport = httpx2.ASGITransport(app=proxies.before(answer), client=(peer, 4711))
    with capture_logs() as logged:
        async with httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            for _ in range(times):
                assert (await client.get("/", headers=headers or {})).text == "ok"
    return [(entry["event"], entry["address"]) for entry in logged]


async def test_a_private_address_that_hands_on_many_requests_is_told_once() -> None:
    proxies = UnnamedProxies(trusted=())

    before = await ask(proxies, REQUESTS - 1, peer="172.18.0.5", headers=FORWARDED)
    then = await ask(proxies, 2 * REQUESTS, peer="172.18.0.5", headers=FORWARDED)

    assert (before, then) == ([], [("all requests come from one private address", "172.18.0.5")])
    assert proxies.found == "172.18.0.5"


@pytest.mark.parametrize(
    ("peer", "headers", "trusted"),
    [
        ("172.18.0.5", FORWARDED, "172.18.0.0/16"),  # it is named
        ("172.18.0.5", None, None),  # it is somebody here
        ("8.8.8.8", FORWARDED, None),  # anybody may say so
        ("2606:4700::1", FORWARDED, None),
    ],
)
async def test_who_is_named_or_no_proxy_of_the_operators_is_not_told_of(
    peer: str, headers: dict[str, str] | None, trusted: str | None
) -> None:
    proxies = UnnamedProxies(trusted=(ip_network(trusted),) if trusted is not None else ())

    assert await ask(proxies, 2 * REQUESTS, peer=peer, headers=headers) == []
    assert proxies.found is None


async def test_many_addresses_are_not_kept_without_end() -> None:
    proxies = UnnamedProxies(trusted=())

    for number in range(300):
        await ask(proxies, 1, peer=f"10.0.{number // 250}.{number % 250}", headers=FORWARDED)

    assert len(proxies._seen) <= 100  # noqa: SLF001 - memory that nobody can ask about
