"""Subscribers that come back with their cursor after each cut, to whichever server."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from random import Random

import websockets

from tests.callers import Socket, socket_to
from tests.history.cluster import Team
from tests.history.ids import number_of
from tests.history.records import Attached, Call, Heard, History, Outcome
from tests.journeys.soaking import CUT_OFF
from tests.processes import Service

DOCUMENTS = {
    "eventRecorded": "eventRecorded(after: $after) { id cursor sequence type subjectId summary }",
    "deliveryChanged": "deliveryChanged(after: $after) { cursor sequence deliveryId status }",
    "integrationChanged": "integrationChanged(after: $after) { cursor sequence type integrationId }",
}
_LONGEST_STAY = 30.0
_BREATH = 0.3
_SHUT_OUT = frozenset({4400, 4401, 4403, 4406, 4429})


@dataclass
class Subscriber:
    """`heard` is the number of the last event that it was told."""

    name: str
    team: Team
    topic: str
    token: str
    servers: list[Service]
    random: Random
    history: History
    cursor: str
    heard: int = 0
    connections: int = 0
    _document: str = field(init=False)

    def __post_init__(self) -> None:
        self._document = f"subscription ($after: String!) {{ {DOCUMENTS[self.topic]} }}"
        self.heard = number_of(self.cursor)

    async def listen(self) -> None:
        """Listen until cancelled; every now and then hang up and come back."""
        while True:
            stay = self.random.uniform(0, _LONGEST_STAY)
            number = self.random.randrange(len(self.servers))
            try:
                with contextlib.suppress(TimeoutError, AssertionError, *CUT_OFF):
                    async with asyncio.timeout(stay), socket_to(self.servers[number].url, self.token) as socket:
                        await self._hear(socket, number)
            finally:
                await asyncio.sleep(self.random.uniform(0, _BREATH))

    async def _hear(self, socket: Socket, number: int) -> None:
        self.history.attached.append(
            Attached(subscriber=self.name, team=self.team.label, topic=self.topic, after=self.heard, at=time.time())
        )
        self.connections += 1
        await socket.begin(self._document, after=self.cursor)
        try:
            while (message := await socket.receive())["type"] == "next" and "errors" not in message["payload"]:
                told = message["payload"]["data"][self.topic]
                self.history.heard.append(Heard(subscriber=self.name, at=time.time(), told=told))
                self.cursor, self.heard = told["cursor"], told["sequence"]
        except websockets.ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in _SHUT_OUT:
                self._complain(number, f"CLOSE_{closed.rcvd.code}")
            raise
        errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        for error in errors:
            self._complain(number, str(error.get("extensions", {}).get("code")))

    def _complain(self, number: int, code: str) -> None:
        now = time.time()
        self.history.calls.append(
            Call(
                client=self.name,
                team=self.team.label,
                server=number,
                name="subscribe",
                asked={"after": self.cursor},
                begun=now,
                ended=now,
                outcome=Outcome.REFUSED,
                codes=(code,),
            )
        )
