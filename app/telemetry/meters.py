"""The metrics of the service itself, for Prometheus.

Every label is a word of ours out of a short list: a route's pattern, a provider, an outcome. Never a team, a member, a token, an
address, a host, or anything else that came in.

Of several server processes each counts in files of its own, in the directory that PROMETHEUS_MULTIPROC_DIR names; whichever is
asked adds them all up (Prometheus' multiprocess mode). The process that starts them sets it for them: prometheus_client looks
at it once, when it is imported.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "installed_apps"

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_FAR = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)


class Meters:
    """The counts of one process. Cheap to make, and apart from every other one unless they share a directory."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._starts = self._counter("process_starts", "Processes that began to serve or to work.")
        self._requests = self._counter("http_requests", "Requests and WebSockets that have ended.", "route", "method", "status")
        self._request_seconds = self._histogram("http_request", "Until a request's answer began.", _QUICK, "route", "method")
        self._sockets = self._gauge("open_sockets", "WebSockets that are open.")
        self._operations = self._counter("graphql_operations", "Operations that have ended.", "kind", "outcome")
        self._operation_seconds = self._histogram("graphql_operation", "How long queries and mutations took.", _QUICK, "kind")
        self._executions = self._counter("graphql_executions", "Queries, mutations and events that were executed.", "by")
        self._user_errors = self._counter("user_errors", "Mutations that answered with userErrors.", "code")
        self._subscriptions = self._gauge("subscriptions", "Listeners to a team's log.")
        self._told = self._counter("events_told", "Events that listeners were told of.")
        self._tried_again = self._counter("events_tried_again", "Events that could not be told when they were first tried.")
        self._sent_away = self._counter("listeners_sent_away", "Listeners that could not be told for long, and come back later.")
        self._attempts = self._counter("delivery_attempts", "Attempts to post a message.", "outcome")
        self._deliveries = self._counter("deliveries", "What attempts made of deliveries.", "outcome")
        self._refreshes = self._counter("refreshes", "Exchanges of refresh tokens.", "outcome")
        self._revocations = self._counter("revocations", "Attempts to give a grant back.", "outcome")
        self._calls = self._counter("outgoing_calls", "Calls that went out, or were refused.", "provider", "endpoint", "outcome")
        self._call_seconds = self._histogram("outgoing_call", "How long calls took.", _FAR, "provider", "endpoint")
        self._writes = self._counter("database_faults", "Changes that the database undid or did not take.", "then")
        self._rounds = self._counter("background_rounds_failed", "Rounds of background work that were cut short.", "job")
        self._refusals = self._counter("rate_limit_refusals", "What was refused for being too much at once.", "limit")
        self._redis = self._gauge("redis_up", "Whether every process reaches Redis; absent without one.", "of", mode="livemin")
        # What each request counts in: to find a count among those of its metric takes longer than to count.
        self._requests_of, self._request_seconds_of = cache(self._requests.labels), cache(self._request_seconds.labels)
        self._operations_of, self._operation_seconds_of = cache(self._operations.labels), cache(self._operation_seconds.labels)
        self._executions_of = cache(self._executions.labels)

    def process_started(self) -> None:
        self._starts.inc()

    def answered(self, *, route: str, method: str, status: int | None, seconds: float | None) -> None:
        """Count a request; `seconds` until its answer began, None for what has no such moment."""
        self._requests_of(route, method, str(status or "none")).inc()
        if seconds is not None:
            self._request_seconds_of(route, method).observe(seconds)

    def open_socket(self) -> AbstractContextManager[None]:
        return self._sockets.track_inprogress()

    def operated(self, *, kind: str, outcome: str, seconds: float | None) -> None:
        """Count an operation; `outcome` is OK or an error's code; `seconds` is None for a subscription."""
        self._operations_of(kind, outcome).inc()
        if seconds is not None:
            self._operation_seconds_of(kind).observe(seconds)

    def executed(self, *, by: Literal["levels", "fields"]) -> None:
        """Count an execution: `by` whole levels, or field by field where there is no plan."""
        self._executions_of(by).inc()

    def user_error(self, code: str) -> None:
        self._user_errors.labels(code).inc()

    def subscription(self) -> AbstractContextManager[None]:
        return self._subscriptions.track_inprogress()

    def events_told(self, count: int) -> None:
        self._told.inc(count)

    def event_tried_again(self) -> None:
        self._tried_again.inc()

    def listener_sent_away(self) -> None:
        self._sent_away.inc()

    def attempted(self, outcome: str) -> None:
        self._attempts.labels(outcome).inc()

    def delivery_became(self, status: str) -> None:
        self._deliveries.labels(status).inc()

    def refreshed(self, outcome: str) -> None:
        self._refreshes.labels(outcome).inc()

    def revoked(self, outcome: str) -> None:
        self._revocations.labels(outcome).inc()

    def called(self, *, provider: str, endpoint: str, outcome: str, seconds: float) -> None:
        self._calls.labels(provider, endpoint, outcome).inc()
        self._call_seconds.labels(provider, endpoint).observe(seconds)

    def database_failed(self, then: str) -> None:
        """Count a change that did not take place: `then` it was "tried again" or "given up"."""
        self._writes.labels(then).inc()

    def round_failed(self, job: str) -> None:
        self._rounds.labels(job).inc()

    def refused_by_rate(self, limit: str) -> None:
        self._refusals.labels(limit).inc()

    def redis_is(self, *, up: bool) -> None:
        self._redis.labels("wake-ups").set(int(up))

    def described(self) -> Iterator[tuple[str, str, Sequence[str]]]:
        """Return every metric's name, kind and labels, whether anything has been counted or not."""
        for one in vars(self).values():
            if isinstance(one, MetricWrapperBase):
                for metric in one.describe():
                    yield metric.name, metric.type, one._labelnames  # noqa: SLF001 - it tells them nowhere else

    def exposition(self, found: Collector) -> bytes:
        """Return everything in Prometheus' text format: of all processes that share the directory, and what was `found` now."""
        whole = CollectorRegistry()
        whole.register(found)
        if DIRECTORY in os.environ:
            MultiProcessCollector(whole)  # type: ignore[no-untyped-call]  # untyped in prometheus_client
        else:
            whole.register(_Registered(self.registry))
        return generate_latest(whole)

    def _counter(self, name: str, message: str, *labels: str) -> Counter:
        return Counter(name, message, labels, namespace=PREFIX, registry=self.registry)

    def _histogram(self, name: str, message: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, message, labels, namespace=PREFIX, unit="seconds", buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, message: str, *labels: str, mode: Literal["livesum", "livemin"] = "livesum") -> Gauge:
        return Gauge(name, message, labels, namespace=PREFIX, registry=self.registry, multiprocess_mode=mode)


def forget_process(pid: int, *, directory: Path) -> None:
    """Take a process that has ended out of what is open now; what it has counted stays."""
    mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]  # untyped in prometheus_client


class _Registered(Collector):
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
