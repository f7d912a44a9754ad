"""The context of one operation: its caller, the services, and the rows that it has read so far."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar

import strawberry

from app.access.callers import Caller
from app.access.refusals import NoteRefusal, note_nothing
from app.errors import Unauthenticated
from app.graphql.execution.insistence import INSISTENCE, Insistence
from app.graphql.execution.loading import Loader
from app.graphql.execution.sharing import SharedData, SharedExecutions
from app.graphql.execution.turns import Place, Turns
from app.graphql.transport.persisted import PersistedDocuments
from app.outbound.budget import Budget
from app.redis.rate_limits import Bucket
from app.services import Services
from app.storage.tasks import Tasks
from app.web.bells import Bell
from app.web.fairness import FairSemaphore

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
K_contra = TypeVar("K_contra", bound=Hashable, contravariant=True)
V_co = TypeVar("V_co", covariant=True)

Tell: TypeAlias = Callable[[Sequence[SharedData], Mapping[str, Any]], bool]
"""Tells a listener of events at once, of the first with extensions; returns whether it could: else it is told in its own time."""

DEADLINE = 10.0
"""How long an operation, or an event of a subscription, may be executed, in seconds."""

NOWHERE = -1
"""The position of who does not listen."""

SIGN_IN_FIRST = "Sign in, or send an access token: Authorization: Bearer TOKEN."
SESSIONS_POST = (
    "Send an access token: Authorization: Bearer TOKEN. A browser session does not count for a GET, "
    "which any page could have caused: with one, ask by POST."
)


class Batch(Protocol[K_contra, V_co]):
    """Reads many rows at once: one value for each key, in the order of the keys.

    Every batch function limits what it reads to `context.viewer.team_id`: `rows` does so for all of them.
    """

    def __call__(self, keys: Sequence[K_contra], /, *, context: "Context") -> Awaitable[Sequence[V_co]]: ...


@dataclass(eq=False)
class Context:
    """One operation's surroundings. A socket has many operations: each gets a Context of its own.

    `request_id` is what an INTERNAL error tells the client and the log; `tasks` keeps mutations going when the client leaves;
    `budget` is how much of providers it may ask; `deadline` is how many seconds it may take; `caught_up` is set when a
    subscription has told all, as the process ends; `buckets` is what its cost is taken out of; `persisted` is where documents
    are kept by their hash; `note_refusal` is told what the caller's role or scopes do not reach; `place` is where it takes its
    turns with all others of the process; events are executed a few at a time of the whole `crowd` of listeners, and with how much
    `insistence`; `cost` is in points, and `paid` what of it was taken before the operation was known; `position` is the number in
    the team's log up to which a listener needs nothing more; `event` is the number of the one
    that it is being told of, and `event_type` its type; its execution is shared by `executions` with those that have `listening`
    in common with it, and what is read for it comes from `reads`, where that is set; `tell` tells it at once what another was
    told; `extensions` are what it is told with its next event, and `events_paid` how many it has paid for that it has not been
    told; `sign_in_first` is what nobody known is told.
    """

    caller: Caller | None
    services: Services
    request_id: str
    tasks: Tasks = field(default_factory=Tasks)
    budget: Budget = field(default_factory=Budget)
    deadline: float = DEADLINE
    caught_up: asyncio.Event = field(default_factory=Bell)
    buckets: tuple[Bucket, ...] = ()
    persisted: PersistedDocuments | None = None
    note_refusal: NoteRefusal = note_nothing
    cost: int = 1
    paid: int = 0
    events_paid: int = 0
    place: Place = field(default_factory=lambda: Turns().place())
    crowd: FairSemaphore = field(default_factory=FairSemaphore)
    insistence: Insistence = INSISTENCE
    position: int = NOWHERE
    event: int | None = None
    executions: SharedExecutions = field(default_factory=SharedExecutions)
    event_type: str | None = None
    listening: Hashable = None
    reads: "Context | None" = None
    tell: Tell | None = None
    extensions: dict[str, Any] = field(default_factory=dict)
    sign_in_first: str = SIGN_IN_FIRST
    _loaders: dict[Callable[..., Any], Loader[Any, Any]] = field(default_factory=dict)

    @property
    def listens(self) -> bool:
        return self.position != NOWHERE

    @property
    def viewer(self) -> Caller:
        """Return who is asking. Raises Unauthenticated when nobody is signed in."""
        if self.caller is None:
            raise Unauthenticated(self.sign_in_first)
        return self.caller

    async def load(self, batch: Batch[K, V], key: K) -> V:
        """Return the value for `key`, read together with all others that this level of the operation asks `batch` for."""
        value: V = await self.loader(batch).load(key)
        return value

    async def load_all(self, batch: Batch[K, V], keys: Sequence[K]) -> Sequence[V]:
        """Return the values for all the keys, in their order: the same as to load each of them."""
        return await self.loader(batch).load_all(keys)

    def for_reads(self, caller: Caller) -> "Context":
        """Return a context in which rows are read for several operations."""
        place = self.place.next()
        place.leave()  # it is nobody's
        return replace(self, caller=caller, place=place, budget=Budget(deadline=self.deadline), reads=None, _loaders={})

    def clear_loaders(self) -> None:
        """Forget what was read: the next event of a subscription, and what follows a mutation, read anew."""
        self._loaders.clear()

    def loader(self, batch: Batch[K, V]) -> Loader[Any, Any]:
        """Return what reads with this: where the operation reads together with others, theirs."""
        if self.reads is not None:
            return self.reads.loader(batch)
        if batch not in self._loaders:
            self._loaders[batch] = Loader(partial(batch, context=self), place=self.place)
        return self._loaders[batch]


Info: TypeAlias = strawberry.Info[Context, None]
