"""One attempt to hand a delivery over."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from app.deliveries.leases import Lease
from app.deliveries.models import Delivery
from app.deliveries.targets import deliver
from app.deliveries.threads import find_thread
from app.integrations.sources import WITH_GRANTS, grant_of, grant_read_with
from app.monitors.models import MonitorRun
from app.providers.contract import Authorized, Failure, Fault, Posted, PostedMessage, RunReport
from app.services import Services
from app.sign_ins import calls
from app.sign_ins.models import Grant
from app.storage.written import Written

_LONGEST_CALL = timedelta(seconds=15)
"""A call to a provider ends within ten seconds; the lease has to last longer than that when it begins."""


_READ_WITH = ("integration", *(f"integration__{each}" for each in WITH_GRANTS), "run__monitor")

_LEASED = Written(lambda key, owner: Delivery.filter(id=key, lease_owner=owner).select_related(*_READ_WITH))


HandOver = Callable[[Authorized], Awaitable[Posted | Failure]]


@dataclass(frozen=True)
class Attempt:
    """The result of an attempt: `failure` is None where the provider has said that the message stands.

    `message` is where, as far as it has said so.
    """

    id: UUID
    at: datetime
    duration_ms: int
    target_id: str
    failure: Failure | None
    message: PostedMessage | None = None

    @property
    def ended_at(self) -> datetime:
        return self.at + timedelta(milliseconds=self.duration_ms)


@dataclass(frozen=True)
class Waiting:
    """Nothing was sent: the grant is asked for patience for so many seconds more, where the provider has said for how many."""

    seconds: float | None


@dataclass(frozen=True)
class Lost:
    """Nothing was sent: the delivery is no longer ours to attempt."""


async def post(lease: Lease, *, services: Services) -> Attempt | Waiting | Lost:
    """Post the delivery's message, once. Nothing of it is saved."""
    found = await _find(lease)
    if found is None:
        return Lost()
    delivery, grant = found

    async def hand_over(authorized: Authorized) -> Posted | Failure:
        return await deliver(
            _report(delivery),
            run_id=delivery.run_id,
            integration=delivery.integration,
            target=lease.target,
            thread_id=await find_thread(delivery, channel_id=lease.target.id),
            authorized=authorized,
            services=services,
        )

    return await attempt(lease, grant, hand_over, services=services)


async def _find(lease: Lease) -> tuple[Delivery, Grant | UUID | None] | None:
    """Return what was leased, and the grant that it goes with; None where it is no longer ours.

    What this process has just made is as it was made: the change that did so has ended this moment.
    """
    if lease.made is not None and lease.made.grant is not None:
        return lease.made.delivery, lease.made.grant
    delivery = await _LEASED.ask_one(lease.delivery_id, lease.owner)
    if delivery is None or not delivery.is_waiting:
        return None
    return delivery, grant_read_with(delivery.integration) or await grant_of(delivery.integration)


async def attempt(
    lease: Lease, grant: Grant | UUID | None, hand_over: HandOver, *, services: Services
) -> Attempt | Waiting | Lost:
    """Have it handed over, once, with the grant that authorizes it now: its row, or its id. Nothing of it is saved."""
    if grant is None:
        return Lost()
    return await _Call(lease, hand_over, services=services).make(grant)


class _Call:
    """A call for a grant, which knows whether anything was sent."""

    def __init__(self, lease: Lease, hand_over: HandOver, *, services: Services) -> None:
        self._lease = lease
        self._hand_over = hand_over
        self._services = services
        self._asked = False

    async def make(self, grant: Grant | UUID) -> Attempt | Waiting | Lost:
        at = self._services.clock.now()
        answer = await calls.call(grant, self._ask, services=self._services)
        if isinstance(answer, Lost):
            return answer
        if isinstance(answer, Failure) and answer.fault is Fault.BUSY and not self._asked:
            return Waiting(answer.retry_after)
        took = self._services.clock.now() - at
        failure = answer if isinstance(answer, Failure) else None
        message = answer.message if isinstance(answer, Posted) else None
        return Attempt(uuid4(), at, max(took // timedelta(milliseconds=1), 0), self._lease.target.id, failure, message)

    async def _ask(self, authorized: Authorized) -> Posted | Lost | Failure:
        # Getting here may have taken a refresh of the token, or the machine may have slept.
        if self._services.stopping.is_told or self._services.clock.now() + _LONGEST_CALL > self._lease.until:
            return Lost()
        self._asked = True
        return await self._hand_over(authorized)


def _report(delivery: Delivery) -> RunReport:
    run: MonitorRun = delivery.run
    return RunReport(
        delivery_id=str(delivery.id),
        occasion=delivery.occasion,
        monitor_name=run.monitor.name,
        outcome=run.outcome.value,
        started_at=run.started_at,
        duration_ms=run.duration_ms,
        request_count=run.request_count,
        test_count=run.test_count,
        failed_test_count=run.failed_test_count,
        error_count=run.error_count,
        failures=tuple((failure.name, failure.message) for failure in run.failures),
        url=run.url,
        begins_outage=delivery.outage_id == delivery.id,
    )
