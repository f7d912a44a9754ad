import pytest

from app.catalogue.addresses import GitServerAddress, read_address
from app.outbound.origins import OddUrl


@pytest.mark.parametrize(
    ("typed", "base_url", "origin"),
    [
        ("https://git.example.com", "https://git.example.com", "https://git.example.com"),
        (" HTTPS://Git.Example.com:443/ ", "https://git.example.com", "https://git.example.com"),
        ("https://git.example.com:8443/gitlab/", "https://git.example.com:8443/gitlab", "https://git.example.com:8443"),
        ("https://git.example.com/Some/Root", "https://git.example.com/Some/Root", "https://git.example.com"),
        ("https://[FD00::5]/x", "https://[fd00::5]/x", "https://[fd00::5]"),
        ("http://127.0.0.1:8010/github", "http://127.0.0.1:8010/github", "http://127.0.0.1:8010"),
    ],
)
def test_an_address_comes_out_in_one_spelling(typed: str, base_url: str, origin: str) -> None:
    assert read_address(typed) == GitServerAddress(base_url, origin)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "git.example.com",
        "ftp://git.example.com",
        "https://me@git.example.com",
        "https://git.example.com?",
        "https://git.example.com/?private_token=x",
        "https://git.example.com/#x",
        "https://git.example.com//gitlab",
        "https://git.example.com/a/../b",
        "https://git.example.com/a%2Fb",
        "https://git.example.com/a;b",
        "https://git.example.com:0/",
        "https://2130706433/",
        "https://git.example.com/" + "a" * 300,
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_no_address(typed: str) -> None:
    assert isinstance(read_address(typed), OddUrl)


def test_plain_and_loopback_addresses_are_told_apart() -> None:
    sandbox, server = GitServerAddress("http://[::1]:8010/x", "http://[::1]:8010"), GitServerAddress("https://a.b", "https://a.b")

    assert (sandbox.is_plain, sandbox.is_loopback, server.is_plain, server.is_loopback) == (True, True, False, False)
