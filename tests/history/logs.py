"""Laws of the log: numbered without gaps, told to every subscriber as it stands there, and what it says adds up."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.history.findings import Finding
from tests.history.ids import key_of, number_of
from tests.history.kept import Event, Kept
from tests.history.records import JSON, Heard, History

DELIVERY_TYPES = frozenset({"DELIVERY_CREATED", "DELIVERY_SKIPPED", "DELIVERY_RETRYING", "DELIVERY_SUCCEEDED", "DELIVERY_FAILED"})
INTEGRATION_TYPES = frozenset(
    {
        "INTEGRATION_ADDED",
        "INTEGRATION_STATUS_CHANGED",
        "INTEGRATION_EDITED",
        "INTEGRATION_DELETED",
        "INTEGRATION_REAUTHENTICATED",
        "INTEGRATION_WILL_STOP",
        "INTEGRATION_WILL_NOT_STOP",
    }
)
TOPICS = {"eventRecorded": None, "deliveryChanged": DELIVERY_TYPES, "integrationChanged": INTEGRATION_TYPES}
"""Which types of events each subscription tells; None: all."""

_ABOUT = ("subjectId", "integrationId", "deliveryId")
_ENDED = frozenset({"SKIPPED", "DELIVERED", "FAILED"})
_TURNS = {
    "PENDING": _ENDED | {"RETRYING"},
    "RETRYING": _ENDED | {"RETRYING"},
    "FAILED": {"RETRYING", "DELIVERED"},  # a member asks for another try; what was under way arrives after all
    "SKIPPED": {"DELIVERED"},
    "DELIVERED": frozenset[str](),
}
_ENDINGS = {"INTEGRATION_DELETED", "INSTALLED_APP_DELETED"}
_WITH_STATUS = ("DELIVERY_", "INTEGRATION_", "INSTALLED_APP_")


def the_log_has_no_gap(_: History, kept: Kept) -> Iterator[Finding]:
    """Each team's numbers are 1, 2, 3, … up to its counter."""
    for team, head in kept.counters.items():
        numbers = [event.sequence for event in kept.log_of(team)]
        if numbers != list(range(1, len(numbers) + 1)):
            wrong = next(place for place, number in enumerate(numbers, start=1) if place != number)
            yield Finding("gap in the log", f"{team}: {wrong} is missing or there twice, of {len(numbers)} events")
        if (numbers[-1] if numbers else 0) != head:
            yield Finding("gap in the log", f"{team}: the counter stands at {head}, the log ends at {numbers[-1:]}")


def subscribers_are_told_the_log(history: History, kept: Kept) -> Iterator[Finding]:
    """Over all its reconnects: contiguous from its first cursor on, nothing twice, in order, as it stands in the database."""
    logs = {team: kept.log_of(team) for team in kept.counters}
    heard: dict[str, list[Heard]] = defaultdict(list)
    for each in history.heard:
        heard[each.subscriber].append(each)
    first = {attached.subscriber: attached for attached in reversed(history.attached)}
    for subscriber, attached in first.items():
        types = TOPICS[attached.topic]
        log = [
            event for event in logs[attached.team] if event.sequence > attached.after and (types is None or event.type in types)
        ]
        told = [each.told for each in heard[subscriber]]
        yield from _compare(subscriber, told, log, settled=history.settled.get(attached.team, 0))


def _compare(subscriber: str, told: Sequence[JSON], log: Sequence[Event], *, settled: int) -> Iterator[Finding]:
    numbers = [int(each["sequence"]) for each in told]
    if len(set(numbers)) < len(numbers):
        yield Finding(
            "repeat", f"{subscriber} was told {sorted({n for n in numbers if numbers.count(n) > 1})[:5]} more than once"
        )
    if numbers != sorted(numbers):
        yield Finding("reorder", f"{subscriber} was told out of order")
    last = max([settled, *numbers])
    due = {event.sequence: event for event in log if event.sequence <= last}
    if missing := sorted(due.keys() - set(numbers)):
        yield Finding("gap", f"{subscriber} was never told {missing[:5]} ({len(missing)} of {len(due)})")
    if unknown := sorted(set(numbers) - due.keys()):
        yield Finding("not in the log", f"{subscriber} was told {unknown[:5]}, which the log does not have")
    for each in told:
        event = due.get(int(each["sequence"]))
        if event is not None and (wrong := differences(each, event)):
            yield Finding("told otherwise", f"{subscriber}: {event.sequence} differs from the log in {wrong}")


def differences(told: JSON, event: Event) -> list[str]:
    """Return the names of what was told otherwise than it stands in the log."""
    stands = {
        "id": event.id,
        "type": event.type,
        "summary": event.summary,
        "status": event.status,
        "sequence": event.sequence,
        **dict.fromkeys(_ABOUT, event.about),
    }
    wrong = [name for name, value in told.items() if name in stands and _plain(name, value) != stands[name]]
    return wrong + (["cursor"] if number_of(told["cursor"]) != event.sequence else [])


def _plain(name: str, value: object) -> object:
    return key_of(str(value)) if name == "id" or name in _ABOUT else value


def statuses_follow_each_other(_: History, kept: Kept) -> Iterator[Finding]:
    """Each status begins where the one before ended, the last is the row's, and nothing happens to what is deleted."""
    rows: dict[str, str | None] = {thing.id: thing.status for thing in kept.things}
    rows |= {delivery.id: delivery.status for delivery in kept.deliveries}
    chains: dict[str, list[Event]] = defaultdict(list)
    for team in kept.counters:
        for event in kept.log_of(team):
            chains[event.about].append(event)
    for about, chain in chains.items():
        yield from _follow(about, chain, status=rows.get(about))


def _follow(about: str, chain: Sequence[Event], *, status: str | None) -> Iterator[Finding]:
    if any(event.type in _ENDINGS for event in chain[:-1]):
        yield Finding("deleted and back", f"{about}: {[event.type for event in chain]}")
    if not chain[0].type.startswith(_WITH_STATUS):
        return
    told = [event for event in chain if event.status is not None]
    for before, event in pairwise(told):
        if event.previous != before.status:
            yield Finding("status", f"{about}: {event.sequence} goes on from {event.previous}, which was {before.status}")
        elif event.type in DELIVERY_TYPES and event.status not in _TURNS[str(before.status)]:
            yield Finding("status", f"{about}: {event.sequence} makes {event.status} of {before.status}")
    if told and status is not None and told[-1].status != status:
        yield Finding("status", f"{about} is {status}, and the log says {told[-1].status}")


def deliveries_stand_in_the_log(_: History, kept: Kept) -> Iterator[Finding]:
    """Each was created once, for a run that is there, and only once for each integration."""
    created: dict[str, int] = defaultdict(int)
    for event in kept.events:
        if event.type == "DELIVERY_CREATED":
            created[event.about] += 1
    runs = {run.id: run.team for run in kept.runs}
    seen: set[tuple[str, str]] = set()
    for delivery in kept.deliveries:
        if created.pop(delivery.id, 0) != 1:
            yield Finding("deliveries", f"{delivery.id} was not created exactly once, says the log")
        if runs.get(delivery.run) != delivery.team:
            yield Finding("deliveries", f"{delivery.id} is of no run of {delivery.team}")
        if (delivery.integration, delivery.run) in seen:
            yield Finding("deliveries", f"run {delivery.run} has two for integration {delivery.integration}")
        seen.add((delivery.integration, delivery.run))
    for lost in created:
        yield Finding("deliveries", f"{lost} was created, says the log, and is not there")
