"""Answers to a connection that is closed before an application has a part in it."""

from dataclasses import dataclass
from http import HTTPStatus

import orjson

from app.web.wire.request_bounds import LARGEST_HEAD, MOST_LINES

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Refusal:
    """An answer without an application, and the end of the connection."""

    status: HTTPStatus
    message: str
    code: str = "BAD_USER_INPUT"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        return orjson.dumps({"errors": [{"message": self.message, "extensions": {"code": self.code}}]})

    @property
    def response(self) -> bytes:
        """The whole HTTP response."""
        body = self.body
        headers = (("Content-Type", JSON), ("Content-Length", str(len(body))), *self.headers, ("Connection", "close"))
        lines = (f"HTTP/1.1 {self.status} {self.status.phrase}", *(f"{name}: {value}" for name, value in headers))
        return "\r\n".join((*lines, "", "")).encode() + body


UNREADABLE = Refusal(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received.")
TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"A request has at most {LARGEST_HEAD:,} bytes and {MOST_LINES} header lines before its body, and around it.",
)
TOO_LATE = Refusal(HTTPStatus.REQUEST_TIMEOUT, "The head of the request took too long to arrive.")
NO_PLACE = Refusal(
    HTTPStatus.TOO_MANY_REQUESTS,
    "There are too many connections from this address whose callers are not known.",
    code="RATE_LIMITED",
    headers=(("Retry-After", "1"),),
)
