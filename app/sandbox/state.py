"""What the sandbox holds beside the providers' own worlds: the requests that it saw and the faults that wait for one."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from app.clock import Clock
from app.sandbox.faults import AccountFault, Fault, RateLimitFault

SEEN = "sandbox.seen"
"""Where a request's scope holds what was taken down about it."""

_REQUESTS_KEPT = 10_000

Snapshot = dict[str, list[dict[str, object]]]


class StandIn(Protocol):
    """One provider, standing in for the real one."""

    @property
    def name(self) -> str:
        """Return the first part of its paths, which is also what /control calls it."""

    def routes(self) -> Sequence[BaseRoute]:
        """Return what it serves below its name."""

    def control_routes(self) -> Sequence[BaseRoute]:
        """Return what it adds to /control."""

    def snapshot(self) -> Snapshot:
        """Return what it holds, as lists that /control/state joins with the other providers' of the same name."""

    def fail(self, status: int) -> Response:
        """Return its own words for "it is not you, it is me"."""

    def limit(self, fault: RateLimitFault) -> Response:
        """Return its own words for "too many requests"."""

    def strike(self, fault: AccountFault) -> int:
        """Let the fault befall its grants, and return how many it changed."""

    def reset(self) -> None:
        """Be as new."""


@dataclass
class SeenRequest:
    """A request to a provider: never its query, headers or body, which carry codes and tokens.

    `caller`, at Git servers: whose token it came with and that token's last four letters, or the OAuth client.
    """

    provider: str
    method: str
    path: str
    at: datetime
    status: int | None = None
    fault: str | None = None
    caller: str | None = None


def name_caller(request: Request, caller: str) -> None:
    """Let the request that is being answered be shown with who sent it."""
    seen = request.scope.get(SEEN)
    if isinstance(seen, SeenRequest):
        seen.caller = caller


@dataclass
class State:
    """The part of the sandbox's state that is no provider's own."""

    clock: Clock
    stand_ins: Sequence[StandIn]
    requests: deque[SeenRequest] = field(default_factory=lambda: deque(maxlen=_REQUESTS_KEPT))
    faults: list[Fault] = field(default_factory=list)

    def stand_in(self, name: str) -> StandIn | None:
        return next((each for each in self.stand_ins if each.name == name), None)

    def see(self, *, provider: str, method: str, path: str) -> SeenRequest:
        """Take down a request that has come in; its status is filled in once there is one."""
        seen = SeenRequest(provider=provider, method=method, path=path, at=self.clock.now())
        self.requests.append(seen)
        return seen

    def take_fault(self, *, provider: str, path: str) -> Fault | None:
        """Return the oldest waiting fault that this request meets, and count it down."""
        for index, fault in enumerate(self.faults):
            if fault.provider == provider and fault.concerns(path):
                if fault.times > 1:
                    self.faults[index] = fault.model_copy(update={"times": fault.times - 1})
                else:
                    del self.faults[index]
                return fault
        return None

    def reset(self) -> None:
        """Be as new: no requests, no faults, every provider as it began."""
        self.requests.clear()
        self.faults.clear()
        for each in self.stand_ins:
            each.reset()
