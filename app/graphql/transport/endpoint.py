"""The parts that every transport shares: the schema, authentication, the services."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import structlog
from starlette.requests import HTTPConnection

from app.access.callers import Caller
from app.access.concurrency import ConcurrencyLimit, operation_limit, socket_limit
from app.access.refusals import NoteRefusal, note_nothing
from app.errors import Unauthenticated
from app.graphql.context import DEADLINE, SESSIONS_POST, SIGN_IN_FIRST, Context
from app.graphql.execution.insistence import INSISTENCE, Insistence
from app.graphql.execution.schema import Schema
from app.graphql.execution.sharing import SharedExecutions
from app.graphql.execution.turns import Turns
from app.graphql.limits.cost_accounting import buckets_of
from app.graphql.transport.credential_ends import CredentialEnds, Until, for_ever
from app.graphql.transport.persisted import PersistedDocuments
from app.outbound.budget import Budget
from app.services import Services
from app.storage.tasks import Tasks
from app.web.fairness import FairSemaphore, Slices
from app.web.stopping import ANSWER_SECONDS

Authenticate: TypeAlias = Callable[[HTTPConnection, str | None], Awaitable[Caller | None]]
"""Says who is asking, by the Authorization value or, where that is None, by the browser session; None: nobody known.

Raises Unauthenticated for a credential that is no good.
"""

_BEGUN_IN_ONE_SLICE = 8


@dataclass(frozen=True)
class Endpoint:
    """Handed to whatever answers at /graphql."""

    schema: Schema
    authenticate: Authenticate
    services: Services
    until: Until = for_ever
    deadline: float = DEADLINE
    tasks: Tasks = field(default_factory=Tasks)
    sockets: ConcurrencyLimit = field(default_factory=socket_limit)
    operations: ConcurrencyLimit = field(default_factory=operation_limit)
    persisted: PersistedDocuments | None = None
    note_refusal: NoteRefusal = note_nothing
    turns: Turns = field(default_factory=Turns)
    crowd: FairSemaphore = field(default_factory=FairSemaphore)
    insistence: Insistence = INSISTENCE
    executions: SharedExecutions = field(default_factory=SharedExecutions)
    beginnings: Slices = field(default_factory=lambda: Slices(_BEGUN_IN_ONE_SLICE))
    """Clients that were sent away come back all at once, and each begins what it had."""

    def context(
        self, caller: Caller | None, connection: HTTPConnection | None = None, *, request_id: str | None = None
    ) -> Context:
        """Return the context of one operation; without a `connection` nobody is charged for it."""
        return Context(
            caller=caller,
            services=self.services,
            request_id=request_id or self.request_id(),
            tasks=self.tasks,
            buckets=buckets_of(caller, connection, settings=self.services.settings) if connection is not None else (),
            deadline=self.deadline,
            budget=Budget(deadline=self.deadline),
            persisted=self.persisted,
            note_refusal=self.note_refusal,
            place=self.turns.place(),
            crowd=self.crowd,
            insistence=self.insistence,
            executions=self.executions,
            sign_in_first=SESSIONS_POST if connection is not None and _is_get(connection) else SIGN_IN_FIRST,
        )

    def request_id(self) -> str:
        """Return what the access log calls the request, or a fresh name."""
        bound = structlog.contextvars.get_contextvars().get("request_id")
        return bound if isinstance(bound, str) else self.services.entropy(8).hex()

    def credential_ends(self, caller: Caller | None) -> "asyncio.Future[None]":
        """Return what is done once the caller may no longer go on listening: see `CredentialEnds.end_of`."""
        return self._credentials.end_of(caller)

    async def may_restart(self, operations: Callable[[], Iterable[tuple["asyncio.Task[None]", Context]]]) -> None:
        """Return once nothing more is owed to the operations, as the process is about to end: within ANSWER_SECONDS.

        A query or mutation has been answered by then; a subscription has been told all that was committed.
        """
        stopping = self.services.stopping
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(stopping.left(ANSWER_SECONDS)):
                await asyncio.gather(*(_ended_or_caught_up(task, context) for task, context in operations()))

    @cached_property
    def _credentials(self) -> CredentialEnds:
        return CredentialEnds(self.until, clock=self.services.clock)


async def _ended_or_caught_up(operation: "asyncio.Task[None]", context: Context) -> None:
    caught_up = asyncio.ensure_future(context.caught_up.wait())
    try:
        await asyncio.wait({operation, caught_up}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        caught_up.cancel()


def _is_get(connection: HTTPConnection) -> bool:
    method: str | None = connection.scope.get("method")  # a WebSocket has none
    return method == "GET"


def require_somebody(caller: Caller | None) -> Caller:
    """Return the caller. Raises Unauthenticated where there is none."""
    if caller is None:
        raise Unauthenticated(SIGN_IN_FIRST)
    return caller
