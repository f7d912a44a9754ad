"""The services that every action is handed by keyword. They are opened once, in the lifespan."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.clock import Clock
from app.log.events import Events
from app.log.watcher import Watcher
from app.oidc.issuer import Issuer
from app.outbound import Outbound
from app.outbound.answers import Answers
from app.outbound.quiet import QuietTimes
from app.outbound.single_flight import SingleFlight
from app.redis.circuit_breaker import CircuitBreaker
from app.redis.rate_limits import Rates
from app.sealing.vault import Vault
from app.settings import Settings
from app.telemetry.meters import Meters
from app.telemetry.tracing import NoTracing, Tracing
from app.web.stopping import Stopping


@dataclass(frozen=True)
class Services:
    """The service's collaborators. `entropy(n)` returns n unpredictable bytes; without `rates` nothing is limited by time."""

    settings: Settings
    clock: Clock
    entropy: Callable[[int], bytes]
    vault: Vault
    outbound: Outbound
    events: Events
    watcher: Watcher
    stopping: Stopping = field(default_factory=Stopping)
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    rates: Rates | None = None
    issuer: Issuer | None = None
    """The operator's OIDC issuer, where one is set."""
    meters: Meters = field(default_factory=Meters)
    tracing: Tracing = field(default_factory=NoTracing)
    single_flight: SingleFlight = field(default_factory=SingleFlight)
    answers: Answers = field(default_factory=Answers)
    quiet_times: QuietTimes = field(default_factory=QuietTimes)
