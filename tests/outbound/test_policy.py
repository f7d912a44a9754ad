from ipaddress import ip_network

import pytest

from app.errors import ConfigurationError
from app.outbound.addresses import Address, parse_address
from app.outbound.origins import Url, parse_url
from app.outbound.policy import AllowRule, Denial, Policy, describe, judge, judge_name, parse_allow

PUBLIC, PRIVATE, METADATA, LOOPBACK, DATABASE = "52.216.0.1", "10.0.0.5", "169.254.169.254", "127.0.0.1", "10.0.0.9"
ALLOWS = {
    "host": "git.corp.example",
    "CIDR": "10.0.0.0/8,127.0.0.0/8,169.254.0.0/15,52.0.0.0/8",
    "port": "git.corp.example:8443,10.0.0.0/8:8443,127.0.0.1:8443",
    "wildcard": "*.corp.example",
    "none": "",
}


def address(text: str) -> Address:
    found = parse_address(text)
    assert found is not None
    return found


def url(text: str) -> Url:
    found = parse_url(text)
    assert isinstance(found, Url)
    return found


@pytest.mark.parametrize("allow", ALLOWS)
@pytest.mark.parametrize("port", [443, 8443])
def test_the_allow_matrix(allow: str, port: int) -> None:
    policy = Policy(allow=parse_allow(ALLOWS[allow]))
    opens = allow in {"host", "CIDR", "wildcard"} or (allow == "port" and port == 8443)

    verdicts = {
        text: judge(policy, url(f"https://git.corp.example:{port}"), [address(text)], own={address(DATABASE)})
        for text in (PUBLIC, PRIVATE, LOOPBACK, METADATA, DATABASE)
    }

    private = None if opens else Denial.PRIVATE
    assert verdicts == {
        PUBLIC: None,
        PRIVATE: private,
        LOOPBACK: private,
        METADATA: Denial.NEVER,
        DATABASE: Denial.NEVER,
    }


@pytest.mark.parametrize(
    "text", ["https://other.corp.example", "https://10.0.0.5", "https://git.corp.example.evil.example", "https://corp.example"]
)
def test_an_entry_for_one_host_opens_no_other(text: str) -> None:
    assert judge(Policy(parse_allow("git.corp.example")), url(text), [address(PRIVATE)], own=()) is Denial.PRIVATE


def test_a_suffix_is_neither_its_apex_nor_a_longer_word() -> None:
    policy = Policy(parse_allow("*.corp.example"))

    assert judge(policy, url("https://a.b.corp.example"), [address(PRIVATE)], own=()) is None
    assert judge(policy, url("https://corp.example"), [address(PRIVATE)], own=()) is Denial.PRIVATE
    assert judge(policy, url("https://evilcorp.example"), [address(PRIVATE)], own=()) is Denial.PRIVATE


def test_every_address_of_a_host_has_to_pass() -> None:
    policy = Policy(parse_allow("10.0.0.0/24"))
    mixed = [address(PUBLIC), address(PRIVATE), address("10.0.1.1")]

    assert judge(policy, url("https://git.example"), mixed[:2], own=()) is None
    assert judge(policy, url("https://git.example"), mixed, own=()) is Denial.PRIVATE


def test_other_ports_are_open_only_by_a_rule() -> None:
    there = url("https://git.example:3000")

    assert judge(Policy(), there, [address(PUBLIC)], own=()) is Denial.PORT
    assert judge(Policy(parse_allow("git.example:3000")), there, [address(PUBLIC)], own=()) is None
    assert judge(Policy(parse_allow("git.example:3001")), there, [address(PUBLIC)], own=()) is Denial.PORT
    assert judge(Policy(parse_allow("52.0.0.0/8")), there, [address(PUBLIC)], own=()) is None


def test_every_address_of_a_host_has_to_be_open_on_that_port() -> None:
    policy, there = Policy(parse_allow("10.0.0.0/24:3000")), url("https://git.example:3000")

    assert judge(policy, there, [address(PRIVATE)], own=()) is None
    assert judge(policy, there, [address(PRIVATE), address(PUBLIC)], own=()) is Denial.PORT
    assert judge(policy, there, [address(PUBLIC), address(PRIVATE)], own=()) is Denial.PORT


@pytest.mark.parametrize("never", [METADATA, DATABASE])
@pytest.mark.parametrize("turn", [slice(None), slice(None, None, -1)])
def test_one_address_of_a_host_that_is_never_reachable_closes_it(never: str, turn: slice) -> None:
    policy = Policy(parse_allow("git.example,10.0.0.0/8"))
    addresses = [address(PUBLIC), address(PRIVATE), address(never)][turn]

    assert judge(policy, url("https://git.example"), addresses, own={address(DATABASE)}) is Denial.NEVER


@pytest.mark.parametrize("disguised", ["64:ff9b::10.0.0.9", "2002:a00:9::1", "2001:0:a00:9::1", "fd00::5efe:10.0.0.9"])
def test_what_the_service_stands_on_is_not_reached_through_a_translator_or_tunnel(disguised: str) -> None:
    policy, there = Policy(parse_allow("git.example")), url("https://git.example")

    assert judge(policy, there, [address(disguised)], own={address(DATABASE)}) is Denial.NEVER
    assert judge(policy, there, [address(disguised)], own=()) is None


@pytest.mark.parametrize("entry", ["0.0.0.0/0", "::/0", "[::/0]:443"])
def test_an_entry_that_would_open_every_address_is_told_so(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="it would open every address"):
        parse_allow(entry)


def test_only_the_sandbox_is_reached_over_http_and_what_the_operator_names_so() -> None:
    policy = Policy(parse_allow("127.0.0.1,localhost,10.0.0.5"), sandbox=("127.0.0.1", 8010))

    assert judge(policy, url("http://127.0.0.1:8010"), [address(LOOPBACK)], own=()) is None
    assert judge(policy, url("http://127.0.0.1:8011"), [address(LOOPBACK)], own=()) is Denial.PLAIN
    assert judge(policy, url("http://localhost:8010"), [address(LOOPBACK)], own=()) is Denial.PLAIN
    assert judge(policy, url("http://10.0.0.5:8010"), [address(PRIVATE)], own=()) is Denial.PLAIN
    assert (
        judge(Policy(sandbox=("127.0.0.1", 8010)), url("https://127.0.0.1:8010"), [address(LOOPBACK)], own=()) is Denial.PRIVATE
    )


def test_a_name_that_only_a_proxy_knows_is_judged_as_a_name() -> None:
    policy = Policy(parse_allow("intranet,*.corp:3000,http://plain.corp"))
    texts = ["intranet", "git.corp:3000", "git.corp", "plain.corp", "other", "git.example", "git.example:3000", "db.example"]

    verdicts = {text: judge_name(policy, url(f"https://{text}"), own=["db.example"]) for text in texts}

    assert verdicts == {
        "intranet": None,
        "git.corp:3000": None,
        "git.corp": Denial.LOCAL,
        "plain.corp": Denial.LOCAL,
        "other": Denial.LOCAL,
        "git.example": None,
        "git.example:3000": Denial.PORT,
        "db.example": Denial.NEVER,
    }


@pytest.mark.parametrize(
    ("text", "addresses", "verdict"),
    [
        ("http://git.corp.example", [PRIVATE], None),
        ("http://git.corp.example:80/a", [LOOPBACK], None),
        ("http://git.corp.example:8080", [PRIVATE], Denial.PLAIN),
        ("http://a.git.corp.example", [PRIVATE], Denial.PLAIN),
        ("http://git.corp.example", [PUBLIC], Denial.SCHEME),
        ("http://git.corp.example", [PRIVATE, PUBLIC], Denial.SCHEME),
        ("http://git.corp.example", [METADATA], Denial.NEVER),
        ("http://git.corp.example", [DATABASE], Denial.NEVER),
        ("https://git.corp.example", [PRIVATE], Denial.PRIVATE),
        ("https://git.corp.example:80", [PRIVATE], Denial.PRIVATE),
    ],
)
def test_an_entry_with_http_opens_one_private_server_without_tls(text: str, addresses: list[str], verdict: Denial | None) -> None:
    policy = Policy(parse_allow("http://Git.Corp.example"))

    assert judge(policy, url(text), [address(each) for each in addresses], own={address(DATABASE)}) is verdict


@pytest.mark.parametrize(
    "text",
    [
        "https://git.corp.example",
        "https://git.corp.example:3000",
        "https://10.0.0.5:8443",
        "https://[fd00::5]",
        "http://git.corp.example",
        "http://10.0.0.5:8080",
        "http://[fd00::5]",
    ],
)
def test_the_line_that_a_refusal_names_helps(text: str) -> None:
    there, addresses = url(text), [address("fd00::5" if "[" in text else PRIVATE)]
    denial = judge(Policy(), there, addresses, own=())
    assert denial is (Denial.PLAIN if there.scheme == "http" else Denial.PRIVATE)

    message = describe(denial, there)

    line = message.partition("INSTALLED_APPS_OUTBOUND_ALLOW=")[2].split()[0]
    assert "address policy" in message
    assert judge(Policy(parse_allow(line)), there, addresses, own=()) is None


def test_no_setting_is_named_where_none_would_help() -> None:
    assert "INSTALLED_APPS" not in describe(Denial.NEVER, url("https://169.254.169.254"))
    assert "INSTALLED_APPS" not in describe(Denial.SCHEME, url("http://git.example"))


def test_the_setting_is_read() -> None:
    rules = parse_allow(" Git.Corp.example:8443, *.lan ,10.0.0.0/8,10.1.2.3:3000,[fd00::5]:443,fd00::/8,[fd01::/16]:8443,")

    assert rules == (
        AllowRule(name="git.corp.example", port=8443),
        AllowRule(suffix="lan"),
        AllowRule(network=ip_network("10.0.0.0/8")),
        AllowRule(network=ip_network("10.1.2.3/32"), port=3000),
        AllowRule(network=ip_network("fd00::5/128"), port=443),
        AllowRule(network=ip_network("fd00::/8")),
        AllowRule(network=ip_network("fd01::/16"), port=8443),
    )
    assert parse_allow("HTTP://Git.corp.example/,http://10.0.0.5:8080,http://[fd00::5]") == (
        AllowRule(name="git.corp.example", port=80, plain=True),
        AllowRule(name="10.0.0.5", port=8080, plain=True),
        AllowRule(name="fd00::5", port=80, plain=True),
    )
    assert parse_allow("") == ()


@pytest.mark.parametrize(
    "entry",
    [
        "https://git.example",
        "*",
        "*.",
        "*:443",
        "a b",
        "git.example:0",
        "git.example:99999",
        "git.example:",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "0.0.0.0/0",
        "::/0",
        "git.example/x",
        "user@git.example",
        "169.254.169.254",
        "169.254.169.254:80",
        "fe80::/64",
        "224.0.0.1",
        "[fd00::5",
        "fd00::5]:443",
        "0x7f.1",
        "127.1",
        "-a.example",
        "a..b",
        "*.*.a",
        "a.*.b",
        "[::/0]:443",
        "http://",
        "http://*.corp.example",
        "http://10.0.0.0/8",
        "http://git.corp.example/gitlab",
        "http://ada@git.corp.example",
        "http://git.corp.example:0",
        "http://169.254.169.254",
        "http://52.216.0.1",
        "http:git.corp.example",
        "\n;",
        "100.100.100.200",
    ],
)
def test_nonsense_in_the_setting_stops_the_start(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="INSTALLED_APPS_OUTBOUND_ALLOW"):
        parse_allow(f"git.corp.example,{entry}")
