"""Hooks: what a provider tells by itself, and how that is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.providers.contract import HookAnswer, SignedRequest
from app.sealing.secret import Secret
from app.settings import Settings


class ReadHook(Protocol):
    """Verify an event of the provider's, and read it only then."""

    def __call__(self, request: SignedRequest, /, *, signing_secret: Secret, now: datetime) -> HookAnswer: ...


class HookSecret(Protocol):
    """Return what the operator has set to verify events with; None where nothing is set."""

    def __call__(self, settings: Settings, /) -> Secret | None: ...


@dataclass(frozen=True)
class Hooks:
    read: ReadHook
    secret: HookSecret
