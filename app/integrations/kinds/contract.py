"""What each kind of integration has to offer so that it can be added and edited: settings that the provider has confirmed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.catalogue.kinds import Kind
from app.errors import Refusal, UserErrorCode
from app.integrations.models import Integration
from app.log.events import Change
from app.providers.catalogue import CATALOGUE


@dataclass(frozen=True)
class Ready:
    """Settings whose target the provider has just shown.

    `account_id` is where they belong: nothing else can be used with them. `save` puts them beside a new integration.
    """

    account_id: str
    save: Callable[[Change, Integration], Awaitable[None]]


@dataclass(frozen=True)
class ReadyEdit:
    """The same of an edit. `account_id` is None where it leaves that open; `is_confirmed`: the provider was asked, and agrees.

    `save` changes what is to be another, and returns whether anything was; it refuses what came between.
    """

    account_id: str | None
    is_confirmed: bool
    save: Callable[[Change, Integration], Awaitable[bool]]


def check_offered(kind: Kind, *, provider: str, field: Sequence[str]) -> None:
    """Raise INVALID unless the provider has integrations of this kind."""
    if kind.key not in CATALOGUE[provider].kinds:
        raise Refusal(
            UserErrorCode.INVALID, f"{CATALOGUE[provider].name} has no integrations of the kind “{kind.name}”.", field=field
        )


def wrong_kind(integration: Integration, *, field: Sequence[str]) -> Refusal:
    return Refusal(
        UserErrorCode.INVALID,
        f"“{integration.name}” is of another kind, which has other settings; it cannot be changed.",
        field=field,
    )
