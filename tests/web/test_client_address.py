"""Where a request comes from, whatever it says of itself."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, strategies as st
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.errors import ConfigurationError
from app.settings import Settings, read_settings
from app.web.client_address import Network, client_address
from tests.servers import run_server

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"), ip_network("192.0.2.200"))


def connection(peer: str | None, *forwarded: str) -> HTTPConnection:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return HTTPConnection({"type": "http", "client": (peer, 50000) if peer is not None else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1, 10.0.0.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1", "10.2.3.4,192.0.2.200"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1,\t10.2.3.4 "], "198.51.100.1"),
        ("10.0.0.1", ["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
        ("2001:db8:ffff::7", ["2001:DB8:0:0::00A1"], "2001:db8::a1"),
    ],
)
def test_the_address_is_the_one_next_to_the_last_trusted_proxy(peer: str, forwarded: list[str], address: str) -> None:
    assert client_address(connection(peer, *forwarded), trusted=PROXIES) == address


@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("198.51.100.1:4711", "198.51.100.1"),
        ("2001:db8::a1", "2001:db8::a1"),
        ("[2001:db8::a1]", "2001:db8::a1"),
        ("[2001:db8::a1]:4711", "2001:db8::a1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("[::ffff:c633:6401]:443", "198.51.100.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_a_port_brackets_a_zone_and_a_mapped_address_are_read_as_the_address(named: str, address: str) -> None:
    assert client_address(connection("10.0.0.1", named), trusted=PROXIES) == address


@pytest.mark.parametrize(
    "garbage",
    [
        "unknown",
        "_hidden",
        "localhost",
        "198.51.100",
        "198.51.100.01",
        "198.51.100.256",
        "0x7f.1",
        "2130706433",
        "198.51.100.1:",
        "198.51.100.1:70000",
        "198.51.100.1:443:443",
        "[198.51.100.1]",
        "[2001:db8::a1",
        "2001:db8::a1]:443",
        "[2001:db8::a1]:port",
        "198.51.100.0/24",
        "198.51.100.1; DROP TABLE",
        "for=198.51.100.1",
        '"[2001:db8::a1]"',
        "\xb9\xb2\xb3.1.1.1",
        "x" * 60_000,
        "198.51.100.1 10.0.0.7",
    ],
)
def test_where_a_proxy_names_no_address_it_counts_itself_and_nothing_further_left_is_read(garbage: str) -> None:
    assert client_address(connection("10.0.0.1", f"198.51.100.77, {garbage}"), trusted=PROXIES) == "10.0.0.1"


def test_a_peer_without_an_address_is_unknown_and_never_trusted() -> None:
    assert client_address(connection(None, "198.51.100.1"), trusted=PROXIES) == "unknown"
    assert client_address(connection("/run/socket", "198.51.100.1"), trusted=PROXIES) == "unknown"


def test_a_mapped_peer_is_known_by_its_own_address_and_trusted_as_that() -> None:
    assert client_address(connection("::ffff:203.0.113.9"), trusted=PROXIES) == "203.0.113.9"
    assert client_address(connection("::ffff:10.0.0.1", "198.51.100.1"), trusted=PROXIES) == "198.51.100.1"


@given(spoofed=st.lists(st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40), max_size=4))
def test_whatever_a_client_writes_its_address_is_the_one_that_the_proxy_has_seen(spoofed: list[str]) -> None:
    direct = client_address(connection("203.0.113.9", *spoofed), trusted=PROXIES)
    behind_a_proxy = client_address(connection("10.0.0.1", *spoofed, "203.0.113.9"), trusted=PROXIES)

    assert (direct, behind_a_proxy) == ("203.0.113.9", "203.0.113.9")


@given(address=st.ip_addresses(), port=st.integers(0, 65_535))
def test_every_address_is_read_back_whole(address: object, port: int) -> None:
    text = str(address)
    with_port = f"[{text}]:{port}" if ":" in text else f"{text}:{port}"

    read = [client_address(connection(named), trusted=()) for named in (text, with_port)]

    assert {ip_address(each) for each in read} == {getattr(address, "ipv4_mapped", None) or address}


@pytest.mark.parametrize(("trusted", "address"), [((), "127.0.0.1"), ((ip_network("127.0.0.1"),), "198.51.100.1")])
def test_over_a_real_connection_the_web_server_believes_nobody_by_itself(trusted: Sequence[Network], address: str) -> None:
    async def tell(request: Request) -> Response:
        return PlainTextResponse(client_address(request, trusted=trusted))

    headers = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https", "Forwarded": "for=198.51.100.2"}
    with run_server(Starlette(routes=[Route("/", tell)])) as url:
        assert httpx2.get(url, headers=headers).text == address


def test_trusted_proxies_are_read_from_a_comma_list(tmp_path: Path) -> None:
    settings = _read(tmp_path, "10.0.0.0/8, 2001:db8::1 ,")

    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::1"))


def test_without_the_setting_no_proxy_is_trusted(tmp_path: Path) -> None:
    assert _read(tmp_path, "").trusted_proxies == ()
    assert Settings(data_dir=tmp_path).trusted_proxies == ()


@pytest.mark.parametrize("value", ["proxy.example.com", "10.0.0.1/8", "10.0.0.0/33", "*", "0.0.0.0/0", "::/0"])
def test_what_names_no_proxies_stops_the_start_with_one_line(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^INSTALLED_APPS_TRUSTED_PROXIES: must [^\n]+$"):
        _read(tmp_path, value)


def _read(folder: Path, trusted_proxies: str) -> Settings:
    file = folder / "env"
    file.write_text(f"INSTALLED_APPS_TRUSTED_PROXIES={trusted_proxies}\n")
    return read_settings(env_file=file)
