"""What a kind of integration is: a frozen description plus functions, in a folder beside this file.

Outside of the kinds nobody knows what an integration's settings are. The table of kinds is `table.py`.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID, uuid4

from tortoise.models import Model

from app.access.callers import Caller
from app.graphql.context import Batch
from app.integrations.models import Integration
from app.integrations.sources import Using
from app.log.event_types import EventType
from app.log.events import Change, Event
from app.monitors.models import Monitor, MonitorRun
from app.outbound.budget import Budget
from app.providers.activity import ActivityReport
from app.providers.contract import Authorized, Failure, Occasion, Posted, RunReport
from app.providers.description import Provider
from app.services import Services
from app.sign_ins.models import Grant
from app.storage.slots import Slots

S = TypeVar("S", bound="OfKind")
S_contra = TypeVar("S_contra", bound="OfKind", contravariant=True)
S_co = TypeVar("S_co", bound="OfKind", covariant=True)
R = TypeVar("R", bound=Model)


class OfKind(Protocol):
    """Settings, or an edit of settings, as a member wants them: says by its key of which kind it is."""

    @property
    def kind(self) -> str: ...


class SettingsInput(Protocol[S_co]):
    """A GraphQL input with settings of the kind."""

    def settings(self) -> S_co: ...


E = TypeVar("E", bound=OfKind)
E_co = TypeVar("E_co", bound=OfKind, covariant=True)


class EditInput(Protocol[E_co]):
    """A GraphQL input with an edit of them."""

    def edit(self) -> E_co: ...


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

    `save` writes the edit, and returns whether anything is another now. It refuses where a change since then is in its way.
    """

    account_id: str | None
    is_confirmed: bool
    save: Callable[[Change, Integration], Awaitable[bool]]


class Prepare(Protocol[S_contra]):
    """Check the settings, and look their target up with `grant`. Never inside a change. Raises Refusal."""

    async def __call__(self, settings: S_contra, /, *, grant: Grant, services: Services, budget: Budget) -> Ready: ...


class PrepareEdit(Protocol[S_contra]):
    """The same for an edit, None for one that leaves the settings as they are. `using` is what else is to authorize it."""

    async def __call__(
        self,
        found: Integration,
        edit: S_contra | None,
        /,
        *,
        using: Using | None,
        caller: Caller,
        services: Services,
        budget: Budget,
    ) -> ReadyEdit: ...


class CheckAccess(Protocol):
    """Make sure that who takes it over, with `using`, can see what it is connected to. Never inside a change. Raises Refusal.

    A provider that cannot be asked now does not prevent it.
    """

    async def __call__(
        self, found: Integration, /, *, using: Using, caller: Caller, services: Services, budget: Budget
    ) -> None: ...


class FindHidden(Protocol):
    """Return why what some of the integrations are connected to cannot be seen with `grant`, by their ids.

    Each is asked about once, however many are connected to it; what cannot be asked about now is not among them. Never inside a
    change.
    """

    async def __call__(
        self, found: Sequence[Integration], /, *, grant: Grant, services: Services, budget: Budget
    ) -> Mapping[UUID, Failure]: ...


class CheckDue(Protocol):
    """Begin the checks that are due, in the `slots` where given, and return how many those are. Statuses follow."""

    async def __call__(self, *, services: Services, slots: Slots | None = None) -> int: ...


@dataclass(frozen=True)
class Checks:
    """What a kind does that looks after what it is connected to, as the member whose authorization it uses sees it."""

    check_access: CheckAccess
    find_hidden: FindHidden
    check_soon: Callable[[Change, Collection[UUID]], Awaitable[None]]
    """Have the job look at once at these integrations: they have another authorization, or have it again."""
    release: Callable[[Change, UUID], Awaitable[None]]
    """Look after this integration no more, and let others have what it was alone with: it was just deleted."""
    check_due: CheckDue


@dataclass(frozen=True)
class Target:
    """Where an integration's messages go; `id` is the provider's own.

    Messages to one `address`, of whatever integration, go `pace` apart.
    """

    id: str
    address: str
    pace: timedelta


@dataclass(frozen=True)
class Listener(Generic[R]):
    """An integration that hears of a monitor's runs, with its settings, and what else was found of it by its name.

    `grant` is what it speaks with, where that was read with it and there is one.
    """

    integration: Integration
    settings: R
    found: Mapping[str, Any]
    grant: Grant | None = None


@dataclass(frozen=True)
class Heard:
    """What a run means to an integration: why a message is due. `occasion` is None where it keeps quiet.

    `delivery_id` is the id that the delivery will have. `outage_id` is set where the message belongs to a thread: that is
    the delivery that began it, which may be this one.
    """

    integration: Integration
    occasion: Occasion | None
    delivery_id: UUID = field(default_factory=uuid4)
    outage_id: UUID | None = None


class Deliver(Protocol):
    """Hand the report over, once. `run_id` is the key of the run that was heard: a kind finds by it what it kept then.

    `thread_id` is the message at the target to answer, where the delivery is one of an outage that was told there before.
    """

    async def __call__(
        self,
        report: RunReport,
        /,
        *,
        run_id: UUID,
        integration: Integration,
        target: Target,
        thread_id: str | None,
        authorized: Authorized,
        services: Services,
    ) -> Posted | Failure: ...


@dataclass(frozen=True)
class Deliveries:
    """What a kind does that hands monitors' runs over: each run that an integration hears of makes a delivery.

    The table of its settings has the `monitor_id` of whose runs an integration hears.
    """

    hear: Callable[[Change, MonitorRun, Listener[Any]], Awaitable[Heard]]
    """Let an integration of the kind hear of the run, once, and keep what it counts."""
    targets_of: Callable[[Sequence[Integration]], Awaitable[Mapping[UUID, Target]]]
    """Return where integrations of the kind hand over to, by their ids."""
    target_of: Callable[[Listener[Any]], Target]
    """Return the same of one that hears of a run, by the settings that it hears with."""
    deliver: Deliver
    monitor_of: Callable[[Integration], Awaitable[Monitor]] | None = None
    """Return whose runs an integration of the kind hears of. None: of no monitor's, so that there is no test message either."""


NEVER_TOLD = frozenset({EventType.ACTIVITY_DELIVERY_FAILED})
"""Events about such messages themselves: no integration tells of them."""


@dataclass(frozen=True)
class HeardEvents:
    """The events of one change that an integration chooses to tell of, in their order: perhaps none."""

    integration: Integration
    events: Sequence[Event]


class Tell(Protocol):
    """Tell of the events, once."""

    async def __call__(
        self,
        report: ActivityReport,
        /,
        *,
        integration: Integration,
        target: Target,
        authorized: Authorized,
        services: Services,
    ) -> Posted | Failure: ...


@dataclass(frozen=True)
class Activity:
    """What a kind does that tells of the team's log: what an integration chooses of a change makes a delivery.

    What such integrations do is told by none of them: see `app/deliveries/activity/choosing.py`. Its `prepare` has the team be
    heard: see `app/log/hearing.py`.
    """

    hear: Callable[[Change, Sequence[Event]], Awaitable[Sequence[HeardEvents]]]
    """Return every integration of the kind in the change's team, but for deleted ones, the oldest first, with what it chooses."""
    targets_of: Callable[[Sequence[Integration]], Awaitable[Mapping[UUID, Target]]]
    """Return where integrations of the kind hand over to, by their ids."""
    tell: Tell


@dataclass(frozen=True)
class Kind(Generic[S, E, R]):
    """A kind whose settings are S, an edit of them E, and a row of them R."""

    key: str
    """What rows and the API know it by, for ever: lower case, with hyphens."""
    name: str
    description: str
    """What such an integration does."""
    purpose: str
    """What the API says that it is for, where one is added."""
    field: Sequence[str]
    """Where its settings stand in the inputs of mutations."""
    table: type[R]
    """The table of its settings; `integration_id` is unique there."""
    rows: Batch[UUID, R | None]
    """Return the settings of integrations by their ids."""
    settings_input: type[SettingsInput[S]]
    edit_input: type[EditInput[E]]
    object_type: type[object]
    """The GraphQL type of its settings, named like the kind."""
    show: Callable[[Integration, R], object]
    """Return an object of that type."""
    prepare: Prepare[S]
    prepare_edit: PrepareEdit[E]
    is_offered_by: Callable[[Provider], bool]
    """Whether the provider can do what such an integration needs."""
    supports_installed_apps: bool = True
    checks: Checks | None = None
    deliveries: Deliveries | None = None
    activity: Activity | None = None

    @property
    def messages(self) -> Deliveries | Activity | None:
        """What hands its messages over; None for a kind that has none."""
        return self.deliveries or self.activity


AnyKind: TypeAlias = Kind[Any, Any, Any]
