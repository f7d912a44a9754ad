"""A WebSocket's handshake of which a proxy has made a plain request: nobody would look for the fault there."""

import structlog
from starlette.requests import Request

from app.graphql.transport.requests import Refused

_OF_A_HANDSHAKE = frozenset({"sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"})
_WORDS = (
    "This is the handshake of a WebSocket without `Connection: Upgrade` and `Upgrade: websocket`: a proxy on the way has to pass "
    "them on (nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;`)."
)


class LostUpgrades:
    """Tells whoever opened the socket, and once the log: browsers show their pages no more than that it failed."""

    def __init__(self) -> None:
        self._is_logged = False
        self._log = structlog.get_logger("proxies")

    def refuse(self, request: Request) -> Refused | None:
        """Return the refusal of such a request; None for any other."""
        if request.method != "GET" or _OF_A_HANDSHAKE.isdisjoint(request.headers.keys()):
            return None
        if not self._is_logged:
            self._is_logged = True
            self._log.warning("a WebSocket came without its upgrade", mend=_WORDS)
        return Refused(426, _WORDS, {"Upgrade": "websocket", "Connection": "Upgrade"})
