import pytest

from app.outbound import OddProxy, Proxy, Url, parse_url, proxy_for

HTTPS = {"HTTPS_PROXY": "http://proxy:3128"}


def url(text: str) -> Url:
    found = parse_url(text)
    assert isinstance(found, Url)
    return found


def place(text: str, environment: dict[str, str]) -> str | None:
    proxy = proxy_for(url(text), environment)
    assert not isinstance(proxy, OddProxy)
    return proxy.place if proxy is not None else None


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("https://a.example", {}, None),
        ("https://a.example", HTTPS, "proxy:3128"),
        ("https://a.example", {"https_proxy": "http://small:1", **HTTPS}, "small:1"),
        ("https://a.example", {"https_proxy": "", **HTTPS}, "proxy:3128"),
        ("https://a.example", {"HTTPS_PROXY": ""}, None),
        ("https://a.example", {"HTTPS_PROXY": "proxy:3128"}, "proxy:3128"),
        ("https://a.example", {"HTTPS_PROXY": "http://proxy"}, "proxy:1080"),
        ("https://a.example", {"http_proxy": "http://proxy:1"}, None),
        ("http://a.example", HTTPS, None),
        ("http://a.example", {"http_proxy": "http://proxy:1"}, "proxy:1"),
        ("http://a.example", {"HTTP_PROXY": "http://proxy:1"}, "proxy:1"),
    ],
)
def test_the_proxy_is_the_one_for_the_scheme(text: str, environment: dict[str, str], expected: str | None) -> None:
    assert place(text, environment) == expected


@pytest.mark.parametrize(
    ("host", "exceptions", "is_excepted"),
    [
        ("a.example", "*", True),
        ("a.example", "a.example", True),
        ("a.example", "A.Example.", True),
        ("a.example", "b.example, .example", True),
        ("b.a.example", "a.example", True),
        ("b.a.example", "c.example a.example", True),
        ("ba.example", "a.example", False),
        ("a.example", "b.a.example", False),
        ("a.example", "*.example", False),
        ("a.example", "10.0.0.0/8", False),
        ("a.example", ",, .", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4,1.2.3", False),
        ("[fd00::5]", "[fd00::5]", True),
        ("[fd00::5]", "fd00::/8", True),
        ("[fd00::5]", "10.0.0.0/8", False),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_what_is_excepted_is_called_directly(host: str, exceptions: str, name: str, *, is_excepted: bool) -> None:
    assert place(f"https://{host}", {**HTTPS, name: exceptions}) == (None if is_excepted else "proxy:3128")


def test_a_proxy_with_a_password_is_read() -> None:
    proxy = proxy_for(url("https://a.example"), {"https_proxy": "http://ada:s3cret@proxy:3128"})

    assert isinstance(proxy, Proxy)
    assert (proxy.user, proxy.password.reveal()) == ("ada", "s3cret")


@pytest.mark.parametrize(
    "text", ["socks5://ada:s3cret@proxy:1080", "https://ada:s3cret@proxy", "ada:s3cret@:1", "http://a:s3/cret@b"]
)
def test_what_is_no_proxy_is_told_by_the_name_of_the_variable(text: str) -> None:
    odd = proxy_for(url("https://a.example"), {"HTTPS_PROXY": text})

    assert isinstance(odd, OddProxy)
    assert odd.message.startswith("HTTPS_PROXY: ")
    assert "s3cret" not in odd.message


def test_what_is_excepted_asks_nothing_of_the_proxys_address() -> None:
    assert proxy_for(url("https://a.example"), {"HTTPS_PROXY": "nonsense://", "no_proxy": "a.example"}) is None
