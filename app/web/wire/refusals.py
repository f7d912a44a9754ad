"""Answers to a connection that is closed before an application has a part in it."""

from dataclasses import dataclass
from http import HTTPStatus

import orjson

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
