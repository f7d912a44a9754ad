"""Where a request comes from, for the log."""

from collections.abc import Sequence

from starlette.requests import HTTPConnection

from app.log.actors import LONGEST_USER_AGENT, EventOrigin
from app.web.client_address import Network, client_address


def origin_of(connection: HTTPConnection, *, trusted: Sequence[Network], token_last_four: str | None = None) -> EventOrigin:
    """Return where a request, or a WebSocket's, comes from. `trusted` are the proxies that are trusted to say who asks them."""
    user_agent = _clean(connection.headers.get("user-agent", ""))
    return EventOrigin(client_address(connection, trusted=trusted), user_agent, token_last_four)


def _clean(user_agent: str) -> str | None:
    # Whoever reads the log in a terminal must not have it written upon: no control characters, none that turn text around.
    shown = "".join(character if character.isprintable() else " " for character in user_agent[: 2 * LONGEST_USER_AGENT])
    return " ".join(shown.split())[:LONGEST_USER_AGENT] or None
