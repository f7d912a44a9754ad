"""How much of a request there may be before its body, and around it, and how long it may take to come."""

import select
import time
from collections.abc import Iterator

import pytest

from app.web.wire.http_connection import HEAD_SECONDS
from app.web.wire.request_bounds import LARGEST_HEAD, MOST_LINES
from tests.web.wire.talking import GET, POST, answer_slowly, refuse_at_once, said, served, talking

CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n\r\n"
LAST = f"{GET}Connection: close\r\n\r\n"

MUCH = 4 * 1024 * 1024

TOO_LARGE = {
    "a long address": f"GET /{'a' * LARGEST_HEAD} HTTP/1.1\r\n\r\n",
    "an address without end": "GET /" + "a" * MUCH,
    "a long line": f"{GET}Cookie: {'a' * LARGEST_HEAD}\r\n\r\n",
    "a line without end": f"{GET}Cookie: " + "a" * MUCH,
    "a name without end": GET + "a" * MUCH,
    "lines without end": GET + "a:\r\n" * (MUCH // 4),
    "one line more": GET + "a:\r\n" * MOST_LINES + "\r\n",
    "empty lines without end": "\r\n" * (MUCH // 2),
    "a method without end": "A" * MUCH,
    "one trailer more": f"{CHUNKED}0\r\n" + "a:\r\n" * MOST_LINES + "\r\n",
    "trailers without end": f"{CHUNKED}0\r\n" + "a:\r\n" * (MUCH // 4),
    "a trailer without end": f"{CHUNKED}0\r\na:" + "a" * MUCH,
    "an extension of a chunk without end": f"{CHUNKED}1;" + "a" * MUCH,
    "an extension for each chunk": CHUNKED + f"1;{'a' * 100}\r\nx\r\n" * (MUCH // 100),
    "a handshake with a long line": f"{GET}Connection: Upgrade\r\nUpgrade: websocket\r\nCookie: {'a' * LARGEST_HEAD}\r\n\r\n",
    "a handshake with many lines": f"{GET}Connection: Upgrade\r\nUpgrade: websocket\r\n" + "a:\r\n" * MOST_LINES + "\r\n",
}
AS_ALLOWED = {
    "the most lines": GET + "a:\r\n" * (MOST_LINES - 1) + "\r\n",
    "the most bytes": f"{GET}Cookie: ".ljust(LARGEST_HEAD - 4, "a") + "\r\n\r\n",
    "the most trailers": f"{CHUNKED}1\r\nx\r\n0\r\n" + "a:\r\n" * (MOST_LINES - 2) + "\r\n",
    "chunks of one byte": CHUNKED + "1\r\nx\r\n" * 100_000 + "0\r\n\r\n",
    "a large body": f"{POST}Content-Length: {MUCH}\r\n\r\n" + "x" * MUCH,
}


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, int]]:
    with served() as where:
        yield where


@pytest.mark.parametrize("text", TOO_LARGE.values(), ids=TOO_LARGE)
@pytest.mark.parametrize("before", [0, 1, 3], ids=["at first", "as the second", "behind three others"])
def test_what_is_too_large_is_431_behind_what_was_asked_before(place: tuple[str, int], text: str, before: int) -> None:
    with talking(place) as connection:
        *earlier, refused = said(connection, f"{GET}\r\n" * before + text)

    assert [answer.status for answer in earlier] == [200] * before
    assert (refused.status, refused.headers["connection"]) == (431, "close")
    assert refused.headers["content-type"] == "application/json; charset=utf-8"
    assert refused.body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("text", AS_ALLOWED.values(), ids=AS_ALLOWED)
@pytest.mark.parametrize("size", [1 << 30, 1000], ids=["at once", "in pieces"])
def test_what_is_as_large_as_allowed_is_answered_each_time(place: tuple[str, int], text: str, size: int) -> None:
    sent = text * 2 + LAST

    with talking(place) as connection:
        found = said(connection, *(sent[at : at + size] for at in range(0, len(sent), size)))

    assert [answer.status for answer in found] == [200, 200, 200]


def test_a_trailer_is_no_header_of_the_request(place: tuple[str, int]) -> None:
    with talking(place) as connection:
        first, _ = said(connection, f"{CHUNKED}1\r\nx\r\n0\r\nAuthorization: Bearer x\r\n\r\n{LAST}")

    assert first.body == {"path": "/", "lines": 2, "body": 1}


@pytest.mark.parametrize("begun", ["G", GET, f"{GET}\r\n{GET}a", f"{GET}\r\n\r\n"])
def test_a_head_that_does_not_come_to_its_end_in_time_is_408(begun: str) -> None:
    with served(head_seconds=0.2) as place, talking(place) as connection:
        *_, refused = said(connection, begun)

    assert (refused.status, refused.headers["connection"]) == (408, "close")
    assert HEAD_SECONDS == 10


def test_byte_by_byte_takes_no_longer() -> None:
    with served(head_seconds=0.5) as place, talking(place) as connection:
        begun = time.monotonic()
        connection.sendall(b"GET /")
        while not select.select([connection], [], [], 0.05)[0]:
            connection.sendall(b"a")
        [refused] = said(connection)

    assert refused.status == 408
    assert time.monotonic() - begun < 5


def test_a_new_connection_over_which_nothing_comes_is_closed() -> None:
    with served(head_seconds=0.2) as place, talking(place) as connection:
        assert said(connection) == []


def test_the_rest_of_a_body_whose_request_was_answered_has_to_come_in_time() -> None:
    with served(refuse_at_once, head_seconds=0.2) as place, talking(place) as connection:
        found = said(connection, f"{POST}Content-Length: 1000000000\r\n\r\nx")

    assert [answer.status for answer in found] == [413]


def test_an_idle_connection_outlasts_the_time_of_a_head() -> None:
    with served(head_seconds=1.0) as place, talking(place) as connection:
        connection.sendall(f"{GET}\r\n".encode())
        while select.select([connection], [], [], 0.3)[0]:  # the answer may come in parts
            connection.recv(65_536)
        assert select.select([connection], [], [], 1.5)[0] == []
        found = said(connection, LAST)

    assert [answer.status for answer in found] == [200]


def test_a_slow_answer_holds_up_no_head_behind_it() -> None:
    with served(answer_slowly, head_seconds=0.2) as place, talking(place) as connection:
        found = said(connection, f"{GET}\r\n{LAST}")

    assert [answer.status for answer in found] == [200, 200]


def test_pipelined_requests_are_answered_one_after_the_other(place: tuple[str, int]) -> None:
    with talking(place) as connection:
        found = said(connection, "".join(f"GET /{number} HTTP/1.1\r\n\r\n" for number in range(500)) + LAST)

    assert [answer.body["path"] for answer in found] == [*(f"/{number}" for number in range(500)), "/"]
