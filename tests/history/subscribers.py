"""Subscribers that come back with their cursor after each cut, to whichever server."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from random import Random

import httpx2
import websockets

from tests.callers import Socket, socket_to
from tests.history.cluster import Team
from tests.history.ids import number_of
from tests.history.records import JSON, Attached, Call, Heard, History, Outcome
from tests.journeys.soaking import CUT_OFF
from tests.processes import Service

DOCUMENTS = {
    "eventRecorded": "eventRecorded(after: $after) { id cursor sequence type subjectId summary }",
    "deliveryChanged": "deliveryChanged(after: $after) { cursor sequence deliveryId status }",
    "integrationChanged": "integrationChanged(after: $after) { cursor sequence type integrationId }",
}
_LONGEST_STAY = 30.0
_BREATH = 0.3
_BY_EVENTS = 0.3
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
    http: httpx2.AsyncClient
    cursor: str
    heard: int = 0
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
                    async with asyncio.timeout(stay):
                        await self._connect(number)
            finally:
                await asyncio.sleep(self.random.uniform(0, _BREATH))

    async def _connect(self, number: int) -> None:
        """Listen over a WebSocket, or to server-sent events."""
        if self.random.random() < _BY_EVENTS:
            await self._hear_events(number)
        else:
            async with socket_to(self.servers[number].url, self.token) as socket:
                await self._hear_socket(socket, number)

    async def _hear_socket(self, socket: Socket, number: int) -> None:
        self._attach()
        await socket.begin(self._document, after=self.cursor)
        try:
            while (message := await socket.receive())["type"] == "next":
                self._take(message["payload"], number)
        except websockets.ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in _SHUT_OUT:
                self._complain(number, f"CLOSE_{closed.rcvd.code}")
            raise
        self._take({"errors": message.get("payload", [])}, number)

    async def _hear_events(self, number: int) -> None:
        self._attach()
        body = {"query": self._document, "variables": {"after": self.cursor}}
        headers = {"authorization": f"Bearer {self.token}", "accept": "text/event-stream"}
        async with self.http.stream("POST", f"{self.servers[number].url}/graphql", json=body, headers=headers) as response:
            event = ""
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                event = value if name == "event" else event
                if name == "data" and event == "next":
                    self._take(json.loads(value), number)

    def _attach(self) -> None:
        self.history.attached.append(
            Attached(subscriber=self.name, team=self.team.label, topic=self.topic, after=self.heard, at=time.time())
        )

    def _take(self, result: JSON, number: int) -> None:
        for error in result.get("errors", []):
            self._complain(number, str(error.get("extensions", {}).get("code")))
        if result.get("data"):
            told = result["data"][self.topic]
            self.history.heard.append(Heard(subscriber=self.name, at=time.time(), told=told))
            self.cursor, self.heard = told["cursor"], told["sequence"]

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
