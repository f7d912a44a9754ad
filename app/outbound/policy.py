"""The policy of the way out: the operator's allow list, what is never reachable, and the verdict on one address."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_network

from app.errors import ConfigurationError
from app.outbound.addresses import Address, Network, Reachability, parse_address, reachability_of, readings_of
from app.outbound.origins import DEFAULT_PORTS, Url, parse_url

SETTING = "INSTALLED_APPS_OUTBOUND_ALLOW"
USUAL_PORTS = frozenset({443, 8443})

_RULE = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?)\]|(?P<plain>[^\[\]:]+))(?::(?P<port>[1-9][0-9]{0,4}))?")


# Names of networks that nobody else shares (RFC 6761, 6762, 8375, and what ICANN keeps back), and of metadata services in them.
_LOCAL_ENDINGS = ("localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa")
_NEVER_NAMED = frozenset({"metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"})


@dataclass(frozen=True)
class AllowRule:
    """One entry of the allow list: an exact `name`, every name below `suffix`, or a `network`; without a port, on every port.

    A `plain` one is of an exact name and port that are spoken to without TLS; the others are of those with TLS.
    """

    name: str | None = None
    suffix: str | None = None
    network: Network | None = None
    port: int | None = None
    plain: bool = False

    @property
    def origin(self) -> str:
        """The server that a plain one is of."""
        return Url(scheme="http", host=self.name or "", port=self.port or DEFAULT_PORTS["http"], target="/").origin

    def names(self, url: Url) -> bool:
        """Whether the rule speaks of the url's host by its name, on its port."""
        named = url.host == self.name or (self.suffix is not None and url.host.endswith(f".{self.suffix}"))
        return named and self.port in {None, url.port} and self.plain == (url.scheme == "http")

    def holds(self, address: Address, port: int) -> bool:
        """Whether the rule speaks of the address, on this port."""
        return self.network is not None and address in self.network and self.port in {None, port}


@dataclass(frozen=True)
class Policy:
    """The operator's settings: the rules, and the one address (host, port) that is reached over http, the sandbox's."""

    allow: tuple[AllowRule, ...] = ()
    sandbox: tuple[str, int] | None = None


class Denial(Enum):
    """Why a call may not go out."""

    NEVER = "never"
    PRIVATE = "private"
    PORT = "port"
    SCHEME = "scheme"
    PLAIN = "plain"
    LOCAL = "local"


def parse_allow(text: str) -> tuple[AllowRule, ...]:
    """Read the setting: entries `host`, `*.suffix`, an address or a CIDR, each with an optional `:port`, parted by commas.

    `http://host:port` is of a private server without TLS. IPv6 with a port stands in brackets: `[fd00::5]:443`,
    `[fd00::/8]:443`. Raises ConfigurationError, which names the setting and the entry, on anything else, on a network of every
    address, and on what no setting can open.
    """
    return tuple(_parse_rule(entry) for entry in (part.strip() for part in text.split(",")) if entry)


def judge(policy: Policy, url: Url, addresses: Sequence[Address], *, own: Collection[Address]) -> Denial | None:
    """Decide about a call to the url whose host has these addresses (at least one); all have to pass. None lets it go.

    `own` are the addresses on which the service itself, its database or its Redis answer at this very port.
    """
    if any(_is_never(address, own) for address in addresses):
        return Denial.NEVER
    if url.scheme == "http":
        return None if (url.host, url.port) == policy.sandbox else _judge_plain(policy, url, addresses)
    if any(rule.names(url) for rule in policy.allow):
        return None
    ruled = [any(rule.holds(address, url.port) for rule in policy.allow) for address in addresses]
    if any(
        not known and reachability_of(address) is not Reachability.PUBLIC for known, address in zip(ruled, addresses, strict=True)
    ):
        return Denial.PRIVATE
    return None if all(ruled) or url.port in USUAL_PORTS else Denial.PORT


def judge_name(policy: Policy, url: Url, *, own: Collection[str]) -> Denial | None:
    """Decide about a call over https whose host only a proxy can look up. None lets it go.

    `own` are the hosts at which the service itself, its database or its Redis answer at this very port.
    """
    if url.host in _NEVER_NAMED or url.host in own:
        return Denial.NEVER
    if any(rule.names(url) for rule in policy.allow):
        return None
    if "." not in url.host or any(f".{url.host}".endswith(f".{ending}") for ending in _LOCAL_ENDINGS):
        return Denial.LOCAL
    return None if url.port in USUAL_PORTS else Denial.PORT


def describe(denial: Denial, url: Url) -> str:
    """Return the refusal for a person: the address, that it is policy, and the setting's line where adding it would help."""
    match denial:
        case Denial.NEVER:
            return f"The address policy never lets calls go to {url.origin}: metadata, link-local or the service's own."
        case Denial.SCHEME:
            return f"The address policy lets calls to public addresses go out over https only, and {url.origin} is http."
        case Denial.PLAIN:
            return f"The address policy lets calls go out over https only, and {url.origin} is http. {_advice(url)}"
        case Denial.LOCAL:
            return f"The address policy does not let calls go to {url.origin}: it is a name of a local network. {_advice(url)}"
        case Denial.PRIVATE:
            return f"The address policy does not let calls go to {url.origin}: it is not a public address. {_advice(url)}"
        case Denial.PORT:
            return f"The address policy lets calls go to ports 443 and 8443 only, and {url.origin} has another. {_advice(url)}"


def _advice(url: Url) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    entry = f"{host}:{url.port}" if url.scheme == "https" else f"http://{host}:{url.port}"
    return f"The operator can allow it: {SETTING}={entry} (behind a comma where the setting has entries already)."


def _judge_plain(policy: Policy, url: Url, addresses: Sequence[Address]) -> Denial | None:
    if any(reachability_of(address) is Reachability.PUBLIC for address in addresses):
        return Denial.SCHEME
    return None if any(rule.names(url) for rule in policy.allow) else Denial.PLAIN


def _is_never(address: Address, own: Collection[Address]) -> bool:
    return reachability_of(address) is Reachability.NEVER or not readings_of(address).isdisjoint(own)


def _parse_rule(entry: str) -> AllowRule:
    if entry.lower().startswith("http://"):
        return _parse_plain(entry)
    network = _parse_network(entry)
    if network is not None:
        return _checked(entry, AllowRule(network=network))
    parts = _RULE.fullmatch(entry)
    if parts is None:
        raise _nonsense(entry, "it is none of host, *.suffix, address or CIDR, with :port or without")
    port = int(parts["port"]) if parts["port"] else None
    network = _parse_network(parts["v6"] or parts["plain"])
    if network is not None:
        return _checked(entry, AllowRule(network=network, port=port))
    suffix = (parts["plain"] or "").startswith("*.")
    name = _parse_name(entry, (parts["plain"] or "").removeprefix("*."), port)
    return AllowRule(suffix=name, port=port) if suffix else AllowRule(name=name, port=port)


def _parse_plain(entry: str) -> AllowRule:
    url = parse_url(entry)
    if not isinstance(url, Url) or url.target != "/":
        raise _nonsense(entry, "behind http:// stand one host or address and perhaps a :port, nothing else")
    address = parse_address(url.host)
    if address is not None and reachability_of(address) is not Reachability.SPECIAL:
        raise _nonsense(entry, "only private addresses can be spoken to without TLS")
    return AllowRule(name=url.host, port=url.port, plain=True)


def _parse_network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _parse_name(entry: str, name: str, port: int | None) -> str:
    url = parse_url(f"https://{name}:{port or 443}")
    if not isinstance(url, Url) or "/" in name:
        raise _nonsense(entry, "that is no name of a server, or a CIDR with bits set behind its prefix")
    return url.host


def _checked(entry: str, rule: AllowRule) -> AllowRule:
    network = rule.network
    if network is not None and network.prefixlen == 0:
        raise _nonsense(entry, "it would open every address")
    if network is not None and all(reachability_of(end) is Reachability.NEVER for end in (network[0], network[-1])):
        raise _nonsense(entry, "metadata, link-local and multicast addresses are never reachable")
    return rule


def _nonsense(entry: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{SETTING}: {_without_password(entry)!r} cannot be read: {why}. An example: git.corp.example:8443,10.20.0.0/16"
    )


def _without_password(entry: str) -> str:
    """Return the entry as it may be shown: an address that was put into the wrong setting may bring a password along."""
    scheme, is_address, _ = entry.partition("://")
    if is_address and (scheme != "http" or "@" in entry):
        return f"{scheme}://…"
    _, at, behind = entry.rpartition("@")
    return f"…@{behind}" if at else entry
