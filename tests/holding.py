"""A way out on which calls are held for as long as a test wants."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from app.outbound import Outbound, Outcome, Request
from app.services import Services


class Holding:
    """`asked` is set once a call is held, and all of them go on once `go_on` is."""

    def __init__(self, services: Services, holds: Callable[[Request], bool]) -> None:
        self._outbound = services.outbound
        self._holds = holds
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()
        self.held = 0
        self.services = replace(services, outbound=cast(Outbound, self))

    async def send(self, request: Request, **how: Any) -> Outcome:
        if self._holds(request) and not self.go_on.is_set():
            self.held += 1
            self.asked.set()
            await self.go_on.wait()
        return await self._outbound.send(request, **how)


def first_of(endpoint: str) -> Callable[[Request], bool]:
    """Return what holds the first call to that endpoint."""
    left = iter([True])

    def holds(request: Request) -> bool:
        return request.endpoint.name == endpoint and next(left, False)

    return holds
