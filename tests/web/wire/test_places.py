"""How many connections an address may have whose callers are not known."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest
from hypothesis import given, strategies as st
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from app.web.wire.places import MOST_PLACES, Place, Places, caller_is_known
from tests.web.wire.talking import GET, answer_slowly, heard, said, served, talking, tell

LAST = f"{GET}Connection: close\r\n\r\n"
HERE = (ip_network("127.0.0.1"),)


def nothing() -> None:
    """Close no connection: there is none."""


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Crowd:
    """The connections of one address."""

    places: Places
    closed: list[int] = field(default_factory=list)

    def come(self, number: int) -> Place | None:
        return self.places.take("192.0.2.1", make_room=lambda: self.closed.append(number))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def crowd(clock: Clock) -> Crowd:
    return Crowd(Places(2, clock=clock))


def test_the_connection_that_has_rested_for_longest_makes_room(crowd: Crowd, clock: Clock) -> None:
    places = [crowd.come(0), crowd.come(1)]
    clock.now = 1.0

    assert crowd.come(2) is not None
    assert crowd.closed == [0]
    assert [place.is_given_back for place in places if place is not None] == [True, False]


def test_who_is_being_answered_keeps_the_place(crowd: Crowd, clock: Clock) -> None:
    first, second = crowd.come(0), crowd.come(1)
    assert first is not None
    assert second is not None
    first.work()
    clock.now = 5.0
    assert crowd.come(2) is not None
    second.work()

    assert crowd.closed == [1]
    assert crowd.come(3) is None


def test_who_came_within_the_last_second_keeps_the_place(crowd: Crowd, clock: Clock) -> None:
    crowd.come(0)
    clock.now = 0.9
    crowd.come(1)

    assert crowd.come(2) is None
    assert crowd.closed == []


def test_a_place_that_is_given_back_twice_is_one(crowd: Crowd) -> None:
    first = crowd.come(0)
    assert first is not None
    first.give_back()
    first.give_back()
    first.rest()
    crowd.come(1)
    crowd.come(2)

    assert crowd.come(3) is None


def test_addresses_do_not_share_and_nought_is_no_bound(crowd: Crowd) -> None:
    crowd.come(0)
    crowd.come(1)
    unbounded = Crowd(Places(0))

    assert crowd.places.take("192.0.2.2", make_room=nothing) is not None
    assert all(unbounded.come(number) for number in range(MOST_PLACES + 1))


@given(st.lists(st.tuples(st.sampled_from(["come", "rest", "work", "give_back", "wait"]), st.integers(0, 5))))
def test_never_more_than_the_most_and_nothing_is_left_behind(steps: list[tuple[str, int]]) -> None:
    clock = Clock()
    places = Places(3, clock=clock)
    taken: list[Place] = []
    for step, which in steps:
        if step == "come":
            taken += filter(None, [places.take("192.0.2.1", make_room=nothing)])
        elif step == "wait":
            clock.now += which
        elif taken:
            getattr(taken[which % len(taken)], step)()
        assert sum(not place.is_given_back for place in taken) <= 3
    for place in taken:
        place.give_back()

    assert vars(places)["_taken"] == vars(places)["_resting"] == {}


async def know(scope: Scope, receive: Receive, send: Send) -> None:
    """Know the caller of what is no health check."""
    if scope["path"] == "/known":
        caller_is_known(HTTPConnection(scope))
    await tell(scope, receive, send)


@pytest.fixture
def connect() -> Iterator[Callable[[tuple[str, int]], socket.socket]]:
    with ExitStack() as open_ones:
        yield lambda place: open_ones.enter_context(talking(place))


def ask(connection: socket.socket, *, path: str = "/", via: str = "") -> bytes:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {via}\r\n\r\n".encode())
    return connection.recv(65_536)


def test_too_many_that_are_being_answered_are_429(connect: Callable[[tuple[str, int]], socket.socket]) -> None:
    with served(answer_slowly, places=Places(2, clock=Clock())) as place:
        busy = [connect(place) for _ in range(2)]
        for connection in busy:
            connection.sendall(LAST.encode())
        [refused] = said(connect(place))
        answered = [heard(connection) for connection in busy]
        [later] = said(connect(place), LAST)

    assert (refused.status, refused.headers["retry-after"], refused.body["errors"][0]["extensions"]["code"]) == (
        429,
        "1",
        "RATE_LIMITED",
    )
    assert [answer.startswith(b"HTTP/1.1 200") for answer in answered] == [True, True]
    assert later.status == 200


def test_idle_connections_make_room(connect: Callable[[tuple[str, int]], socket.socket]) -> None:
    clock = Clock()
    with served(places=Places(2, clock=clock)) as place:
        half, idle = connect(place), connect(place)
        half.sendall(b"GET")
        ask(idle)  # it is let in behind the other: both are there before the time goes on
        clock.now = 1.0
        new = [ask(connect(place)) for _ in range(2)]
        left = [heard(half), heard(idle)]

    assert [answer[9:12] for answer in new] == [b"200", b"200"]
    assert left == [b"", b""]


def test_known_callers_count_no_more(connect: Callable[[tuple[str, int]], socket.socket]) -> None:
    with served(know, places=Places(2, clock=Clock())) as place:
        answered = [ask(connect(place), path="/known") for _ in range(5)]
        strangers = [ask(connect(place)) for _ in range(3)]

    assert [answer[9:12] for answer in answered + strangers] == [b"200"] * 7 + [b"429"]


def test_behind_a_trusted_proxy_each_address_has_places_of_its_own(connect: Callable[[tuple[str, int]], socket.socket]) -> None:
    with served(answer_slowly, places=Places(2, clock=Clock()), trusted=HERE) as place:
        through = [connect(place) for _ in range(6)]
        for number, connection in enumerate(through):
            via = "192.0.2.1" if number < 3 else f"198.51.100.{number}"
            connection.sendall(f"{GET}X-Forwarded-For: {via}\r\n\r\n".encode())
        statuses = [connection.recv(65_536)[9:12] for connection in through]
        again = ask(through[0], via="192.0.2.1")

    assert statuses == [b"200", b"200", b"429", b"200", b"200", b"200"]
    assert again[9:12] == b"200"
