"""What providers have answered lately: asked once however many want to know, kept for a minute, and only ever for one grant."""

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from app.errors import TooComplex
from app.outbound import Sender, waiting_until
from app.outbound.answers import KeptAnswer
from app.outbound.budget import Budget, CountedOutbound
from app.providers.contract import Authorized, Failure, Fault
from app.services import Services
from app.sign_ins.calls import call
from app.sign_ins.clients import provider_of
from app.sign_ins.models import Grant

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
    key = (grant.id, question)
    if not fresh and not _is_in_need(grant):
        found: KeptAnswer[T] | None = services.answers.find(key, now=services.clock.now())
        if found is not None:
            return found.answer

    async def fly() -> T | Failure | TooComplex:
        try:
            answer = await call(grant.id, lambda authorized: put(authorized, outbound), services=services, method=method)
        except TooComplex as spent:
            return spent
        if not isinstance(answer, Failure):
            services.answers.keep(key, answer, now=services.clock.now())
        return answer

    outbound = CountedOutbound(services.outbound, budget)
    while True:
        # Who joined a flight that came down because its own operation had no call left tries on its own account.
        budget.check()
        answer = await _wait(services.single_flight.join(("answer", *key), fly), grant, budget=budget)
        if not isinstance(answer, TooComplex):
            return answer


async def _wait(flight: Awaitable[T], grant: Grant, *, budget: Budget) -> T | Failure:
    try:
        with waiting_until(budget.ends):
            return await flight
    except TimeoutError:
        return Failure(Fault.UNREACHABLE, f"{provider_of(grant).name} did not answer in time.")


def _is_in_need(grant: Grant) -> bool:
    """Whether the grant is known not to work: then nothing is told from memory either."""
    return grant.trouble is not None and not grant.trouble.is_passing
