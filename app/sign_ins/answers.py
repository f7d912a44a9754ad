"""What providers have answered lately: asked once however many want to know, kept for a minute, and only ever for one grant."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, is_dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from app.errors import TooComplex
from app.log.events import Events
from app.outbound import Sender, waiting_until
from app.outbound.budget import Budget, CountedOutbound
from app.providers.contract import Authorized, Failure, Fault
from app.services import Services
from app.sign_ins.calls import call
from app.sign_ins.clients import provider_of
from app.sign_ins.models import Grant
from app.sign_ins.single_flight import flights_of

KEPT_FOR = timedelta(seconds=60)
_MOST_WEIGHT = 32 * 1024 * 1024
_PAGE_WEIGHT = 32 * 1024
_BYTES_OF_CHARACTER = 4

T = TypeVar("T")
Put = Callable[[Authorized, Sender], Awaitable[T | Failure]]


async def ask(
    grant: Grant,
    question: Hashable,
    put: Put[T],
    *,
    budget: Budget,
    services: Services,
    fresh: bool = False,
    method: str | None = None,
) -> T | Failure:
    """Ask the provider for the grant, with `put`, and return its answer: the one of the last minute, where there is one.

    `question` is equal for equal questions only. Whoever asks the same for the same grant meanwhile waits for the same answer,
    and pays nothing for it. Failures are not kept; `fresh` asks anew; `method` is as in `call`. Raises TooComplex when `budget`
    does not suffice.
    """
    kept = _answers_of(services)
    key = (grant.id, question)
    if not fresh and not _is_in_need(grant):
        found: _Kept[T] | None = kept.find(key, now=services.clock.now())
        if found is not None:
            return found.answer

    async def fly() -> T | Failure | TooComplex:
        try:
            answer = await call(grant.id, lambda authorized: put(authorized, outbound), services=services, method=method)
        except TooComplex as spent:
            return spent
        if not isinstance(answer, Failure):
            kept.keep(key, answer, now=services.clock.now())
        return answer

    outbound = CountedOutbound(services.outbound, budget)
    while True:
        # Who joined a flight that came down because its own operation had no call left tries on its own account.
        budget.check()
        answer = await _wait(flights_of(services).join(("answer", *key), fly), grant, budget=budget)
        if not isinstance(answer, TooComplex):
            return answer


async def _wait(flight: Awaitable[T], grant: Grant, *, budget: Budget) -> T | Failure:
    try:
        with waiting_until(budget.ends):
            return await flight
    except TimeoutError:
        return Failure(Fault.UNREACHABLE, f"{provider_of(grant).name} did not answer in time.")


@dataclass(frozen=True)
class _Kept(Generic[T]):
    answer: T
    until: datetime
    weight: int


class _Answers:
    """Answers by what was asked for which grant; the longest unused give way when they are old, or weigh too much."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, Hashable], _Kept[Any]] = OrderedDict()
        self._weight = 0

    def find(self, key: tuple[UUID, Hashable], *, now: datetime) -> _Kept[Any] | None:
        found = self._kept.get(key)
        if found is None:
            return None
        if found.until <= now:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return found

    def keep(self, key: tuple[UUID, Hashable], answer: object, *, now: datetime) -> None:
        if key in self._kept:
            self._drop(key)
        # The longest unused is at most one lifetime older than any other that is not old yet.
        while self._kept and next(iter(self._kept.values())).until <= now:
            self._drop(next(iter(self._kept)))
        kept = _Kept(answer, now + KEPT_FOR, _weigh(answer))
        self._kept[key] = kept
        self._weight += kept.weight
        while self._weight > _MOST_WEIGHT:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[UUID, Hashable]) -> None:
        self._weight -= self._kept.pop(key).weight


# One for each running service, as flights are.
_ANSWERS: WeakKeyDictionary[Events, _Answers] = WeakKeyDictionary()


def _answers_of(services: Services) -> _Answers:
    return _ANSWERS.setdefault(services.events, _Answers())


def _weigh(answer: object) -> int:
    """Return about how many bytes it holds: whoever answers decides how long names are."""
    return _PAGE_WEIGHT + _length_of(answer) * _BYTES_OF_CHARACTER


def _length_of(answer: object) -> int:
    if isinstance(answer, str):
        return len(answer)
    if isinstance(answer, list | tuple):
        return sum(map(_length_of, answer))
    return sum(map(_length_of, vars(answer).values())) if is_dataclass(answer) else 0


def _is_in_need(grant: Grant) -> bool:
    """Whether the grant is known not to work: then nothing is told from memory either."""
    return grant.trouble is not None and not grant.trouble.is_passing
