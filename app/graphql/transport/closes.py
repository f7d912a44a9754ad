"""The codes with which the server closes a WebSocket; clients act on them (docs/clients.md)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Close:
    """Why the server ends a socket."""

    code: int
    reason: str


MALFORMED = 4400
NO_MESSAGE = Close(MALFORMED, "That is no message of graphql-transport-ws.")
NOT_SIGNED_IN = Close(4401, "Unauthorized")
NO_LONGER_ALLOWED = Close(4403, "Forbidden")
WRONG_PROTOCOL = Close(4406, "Subprotocol not acceptable")
INIT_TIMEOUT = Close(4408, "Connection initialisation timeout")
TAKEN = Close(4409, "Subscriber for this id already exists")
TOO_MANY = Close(4429, "Too many initialisation requests")
TOO_MANY_BEFORE = Close(4429, "Too many messages before connection_init")
COME_BACK = Close(1012, "Service restart")
COME_BACK_LATER = Close(1013, "Try again later")
BROKEN = Close(1011, "Something went wrong here")
