"""Incidents: what a provider can do which wakes people. One is opened while something is wrong, and resolved once it is over."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from app.outbound import Sender
from app.providers.contract import Authorized, Failure, Posted, RunReport


class Severity(StrEnum):
    """How bad it is, as a provider may decide by whom to wake."""

    CRITICAL = "CRITICAL"
    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


class TriggerIncident(Protocol):
    """Open the incident of this key: while one of it is open, no other is opened. Posted only on the provider's own word.

    A key has at most 100 characters of ASCII. `report` is the run for which it is opened.
    """

    async def __call__(
        self, *, authorized: Authorized, key: str, report: RunReport, severity: Severity, outbound: Sender
    ) -> Posted | Failure: ...


class ResolveIncident(Protocol):
    """Resolve the incident of this key. One that is not open, or never was, is a success."""

    async def __call__(self, *, authorized: Authorized, key: str, outbound: Sender) -> Posted | Failure: ...


@dataclass(frozen=True)
class Incidents:
    """How incidents are opened and resolved. `pace` is the least time between two calls for the same account."""

    trigger: TriggerIncident
    resolve: ResolveIncident
    pace: timedelta
