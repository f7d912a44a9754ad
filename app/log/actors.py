"""The actor of a change, and the origin of the request, for the log."""

from dataclasses import dataclass
from uuid import UUID

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
