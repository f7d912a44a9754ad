"""The budget of one operation: so many requests to providers, counted where they go out."""

import time
from typing import Any

from app.errors import TooComplex
from app.outbound import Outbound, Outcome, Request, waiting_until

MOST_CALLS = 20


SHARE = 0.8
"""How much of its deadline an operation waits for providers, all its calls together: so it is left to say who was late."""


class Budget:
    """The calls to providers that one operation has left; each event of a subscription is an operation of its own.

    `ends` is when none is waited for any more, by the monotonic clock.
    """

    def __init__(self, calls: int = MOST_CALLS, *, deadline: float = 10.0) -> None:
        self._calls = calls
        self._seconds = deadline * SHARE
        self.renew()

    def check(self) -> None:
        """Raise TooComplex when nothing is left."""
        if self._left <= 0:
            raise TooComplex(
                f"This operation would ask providers more than {self._calls} times: ask for less at once, in several operations."
            )

    def spend(self) -> None:
        """Count a call that is about to be made. Raises TooComplex instead, when nothing is left for it."""
        self.check()
        self._left -= 1

    def renew(self) -> None:
        """Have all of it again."""
        self._left = self._calls
        self.ends = time.monotonic() + self._seconds


class CountedOutbound:
    """The way out for one operation: like `Outbound`, which it stands in for, but each request costs one of its calls."""

    def __init__(self, outbound: Outbound, budget: Budget) -> None:
        self._outbound = outbound
        self._budget = budget

    async def send(self, request: Request, **how: Any) -> Outcome:
        """Make one call, as `Outbound.send` does. Raises TooComplex, with nothing sent, when no call is left."""
        self._budget.spend()
        with waiting_until(self._budget.ends):
            return await self._outbound.send(request, **how)
