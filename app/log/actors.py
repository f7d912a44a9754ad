"""The actor of a change, and the origin of the request, for the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import HTTPConnection

from app.web.client_address import Network, client_address

LONGEST_USER_AGENT = 256


@dataclass(frozen=True)
class EventOrigin:
    """The origin of a request. `user_agent` is what the client says of itself: one line of printable characters.

    `token_last_four` are the last characters of the access token that it came with; None for a browser session.
    """

    address: str
    user_agent: str | None = None
    token_last_four: str | None = None


@dataclass(frozen=True)
class Actor:
    """The member who does a change, and where they ask from; None where nobody asks at the moment."""

    member_id: UUID
    origin: EventOrigin | None = None


def origin_of(connection: HTTPConnection, *, trusted: Sequence[Network], token_last_four: str | None = None) -> EventOrigin:
    """Return where a request, or a WebSocket's, comes from. `trusted` are the proxies that are trusted to say who asks them."""
    user_agent = _clean(connection.headers.get("user-agent", ""))
    return EventOrigin(client_address(connection, trusted=trusted), user_agent, token_last_four)


def _clean(user_agent: str) -> str | None:
    # Whoever reads the log in a terminal must not have it written upon: no control characters, none that turn text around.
    shown = "".join(character if character.isprintable() else " " for character in user_agent[: 2 * LONGEST_USER_AGENT])
    return " ".join(shown.split())[:LONGEST_USER_AGENT] or None
