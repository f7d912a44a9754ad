"""The proxy that the environment names, as curl reads it: for commands that people and pipelines run, not for the service."""

from collections.abc import Mapping
from ipaddress import ip_network

from app.outbound.addresses import Address, parse_address
from app.outbound.origins import Url
from app.outbound.proxies import OddProxy, Proxy, parse_proxy

_USUAL_PORT = 1080


def proxy_for(url: Url, environment: Mapping[str, str]) -> Proxy | OddProxy | None:
    """Return the proxy for the url by https_proxy, http_proxy and no_proxy, in small letters or else in capitals; None for none.

    The words of an OddProxy name the variable and show nothing of it.
    """
    name, text = _either(f"{url.scheme}_proxy", environment)
    if not text or _is_excepted(url.host, _either("no_proxy", environment)[1]):
        return None
    proxy = parse_proxy(text if "://" in text else f"http://{text}", usual_port=_USUAL_PORT)
    return OddProxy(f"{name}: {proxy.message}") if isinstance(proxy, OddProxy) else proxy


def _either(name: str, environment: Mapping[str, str]) -> tuple[str, str]:
    given = [(each, environment.get(each, "").strip()) for each in (name, name.upper())]
    return next((pair for pair in given if pair[1]), (name, ""))


def _is_excepted(host: str, exceptions: str) -> bool:
    if exceptions == "*":
        return True
    address = parse_address(host)
    entries = [entry.lower().strip("[]").strip(".") for entry in exceptions.replace(",", " ").split()]
    if address is None:
        return any(entry and f".{host}".endswith(f".{entry}") for entry in entries)
    return any(_holds(entry, address) for entry in entries)


def _holds(entry: str, address: Address) -> bool:
    try:
        return address in ip_network(entry, strict=False)
    except ValueError:
        return False
