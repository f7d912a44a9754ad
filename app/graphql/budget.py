"""How much of providers one operation may ask: so many requests, counted where they go out."""

from typing import Any

from app.errors import TooComplex
from app.outbound import Outbound, Outcome, Request

MOST_CALLS = 20


class Budget:
    """The calls to providers that one operation has left; each event of a subscription is an operation of its own."""

    def __init__(self, calls: int = MOST_CALLS) -> None:
        self._calls = calls
        self._left = calls

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


class CountedOutbound:
    """The way out for one operation: like `Outbound`, which it stands in for, but each request costs one of its calls."""

    def __init__(self, outbound: Outbound, budget: Budget) -> None:
        self._outbound = outbound
        self._budget = budget

    async def send(self, request: Request, **how: Any) -> Outcome:
        """Make one call, as `Outbound.send` does. Raises TooComplex, with nothing sent, when no call is left."""
        self._budget.spend()
        return await self._outbound.send(request, **how)
