"""The search for a proxy of the operator's that no setting names: behind it everybody has one address, and one limit."""

from collections import Counter
from collections.abc import Awaitable, Sequence

import structlog
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.client_address import Network, unnamed_proxy

REQUESTS = 20
"""So many that one private address has handed on are no accident."""

_MOST_ADDRESSES = 100


class UnnamedProxies:
    """ASGI middleware: looks at who hands requests on, and says it once where TRUSTED_PROXIES lacks that address."""

    def __init__(self, *, trusted: Sequence[Network]) -> None:
        self._trusted = trusted
        self._seen: Counter[str] = Counter()
        self._log = structlog.get_logger("proxies")
        self.found: str | None = None

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return `app` with everybody looked at who comes to it."""

        def watched(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            if self.found is None and scope["type"] in {"http", "websocket"} and _names_others(scope):
                self._look(HTTPConnection(scope))
            return app(scope, receive, send)

        return watched

    def _look(self, connection: HTTPConnection) -> None:
        address = unnamed_proxy(connection, trusted=self._trusted)
        if address is None or (address not in self._seen and len(self._seen) >= _MOST_ADDRESSES):
            return
        self._seen[address] += 1
        if self._seen[address] >= REQUESTS:
            self.found = address
            self._log.warning("all requests come from one private address", address=address, mend=advice(address))


def _names_others(scope: Scope) -> bool:
    """Whether it has been handed on, as its headers say."""
    return any(name == b"x-forwarded-for" for name, _ in scope["headers"])


def advice(address: str) -> str:
    """Return how it is mended, for the operator."""
    return (
        f"INSTALLED_APPS_TRUSTED_PROXIES={address} (behind a comma where the setting has entries already), if that is a proxy of "
        "yours. Until then all who come through it share one address, and its limits."
    )
