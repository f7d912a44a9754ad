"""The share of an address whose callers are not known: so many connections, and so much of each turn of the loop."""

import asyncio
import time
from collections.abc import Callable

from starlette.requests import HTTPConnection

MOST_PLACES = 1000
PLACE = "place"
"""Where a place stands in the state of a request's scope."""

STEPS_A_TURN = 256
"""Of one address: a step is a frame, or what takes about as long, some 20 microseconds."""

_YOUNG_SECONDS = 1.0
"""Whoever has owed a request for less may only have had no turn yet."""


class Place:
    """One connection's, until its caller is known or it ends. `make_room` closes that connection."""

    __slots__ = ("_address", "_places", "is_given_back", "make_room")

    def __init__(self, places: "Places", address: str, make_room: Callable[[], None]) -> None:
        self._places = places
        self._address = address
        self.make_room = make_room
        self.is_given_back = False

    def rest(self) -> None:
        """Say that it is the client's turn: nothing is asked, or not all of it yet."""
        self._places.rests(self, self._address)

    def work(self) -> None:
        """Say that the client is owed an answer."""
        self._places.works(self, self._address)

    def spend(self, steps: int) -> bool:
        """Spend steps of the present turn of the loop. Return whether there were any left: where not, it is others' turn."""
        return self.is_given_back or self._places.spend(steps, self._address)

    def give_back(self) -> None:
        self._places.given_back(self, self._address)


class Places:
    """The places of one process: so many for each address, without a bound where that is 0.

    Where all are taken, the connection that has been resting for longest makes room: idle ones, half-sent heads and silent
    sockets keep nobody out. There is no place only where all are owed an answer, or have come within the last second.
    """

    def __init__(self, most: int = MOST_PLACES, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._taken: dict[str, int] = {}
        self._resting: dict[str, dict[Place, float]] = {}
        self._spent: dict[str, int] = {}

    def take(self, address: str, *, make_room: Callable[[], None]) -> Place | None:
        """Return a place, which rests; None where there is none."""
        if self._most and self._taken.get(address, 0) >= self._most and not self._make_room(address):
            return None
        place = Place(self, address, make_room)
        self._taken[address] = self._taken.get(address, 0) + 1
        place.rest()
        return place

    def spend(self, steps: int, address: str) -> bool:
        if not self._spent:
            asyncio.get_running_loop().call_soon(self._spent.clear)
        spent = self._spent.get(address, 0)
        if spent >= STEPS_A_TURN:
            return False
        self._spent[address] = spent + steps
        return True

    def rests(self, place: Place, address: str) -> None:
        if not place.is_given_back:
            self._resting.setdefault(address, {}).setdefault(place, self._clock())

    def works(self, place: Place, address: str) -> None:
        resting = self._resting.get(address, {})
        resting.pop(place, None)
        if not resting:
            self._resting.pop(address, None)

    def given_back(self, place: Place, address: str) -> None:
        if place.is_given_back:
            return
        place.is_given_back = True
        self.works(place, address)
        self._taken[address] -= 1
        if not self._taken[address]:
            del self._taken[address]

    def _make_room(self, address: str) -> bool:
        longest, since = next(iter(self._resting.get(address, {}).items()), (None, 0.0))
        if longest is None or self._clock() - since < _YOUNG_SECONDS:
            return False
        longest.give_back()
        longest.make_room()
        return True


def caller_is_known(connection: HTTPConnection) -> None:
    """Give the connection's place back, where it has one: somebody who is known has come over it."""
    place = connection.scope.get("state", {}).get(PLACE)
    if isinstance(place, Place):
        place.give_back()
