"""Laws of deliveries: what is DELIVERED was posted, a repeat has its cause, and nobody takes what another has the lease of."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.history.findings import Finding
from tests.history.kept import Delivery, Kept, Message, Turn
from tests.history.records import Fault, History

AT_A_TIME = 8
"""How many deliveries one process has in hand at most: so many may be posted twice by one fault of it."""

_CALL_SECONDS = 25.0
"""From a message's being accepted until its outcome is saved or given up, at the longest: a call and five tries to save."""

_CLOCK_SECONDS = 0.25
_HELD_BACK_BY = 5


def what_is_delivered_was_posted(_: History, kept: Kept) -> Iterator[Finding]:
    """A DELIVERED one stands in a channel of its team's workspace, and nothing stands there that was not to be posted."""
    deliveries = {delivery.id: delivery for delivery in kept.deliveries}
    kept_quiet = {event.about for event in kept.events if event.type == "DELIVERY_CREATED" and event.status != "PENDING"}
    tried_again = {event.about for event in kept.events if event.type == "DELIVERY_RETRYING"}
    for message in kept.messages:
        delivery = deliveries.get(str(message.delivery))
        if delivery is None:
            yield Finding("posted", f"a message is of {message.delivery}, which is no delivery")
        elif kept.workspaces.get(message.workspace) != delivery.team:
            yield Finding("across teams", f"{delivery.id} of {delivery.team} stands in {message.workspace}")
        elif delivery.id in kept_quiet - tried_again:
            yield Finding("posted", f"{delivery.id} was to be kept quiet")
    posted = {message.delivery for message in kept.messages}
    for delivery in kept.deliveries:
        if delivery.status == "DELIVERED" and delivery.id not in posted:
            yield Finding("posted", f"{delivery.id} is DELIVERED and stands in no channel")
        if (delivery.status == "DELIVERED") != (delivery.successes > 0):
            yield Finding("posted", f"{delivery.id} is {delivery.status} with {delivery.successes} successful attempts")


def repeats_have_a_cause(history: History, kept: Kept) -> Iterator[Finding]:
    """A message again: only where a fault came between Slack's accepting it and our saving that, so often as that can be."""
    causes = [fault for fault in history.faults if _can_repeat(fault)]
    repeats = 0
    for delivery, messages in _by_delivery(kept).items():
        for first, again in pairwise(messages):
            repeats += 1
            if not any(_is_between(fault, first.at, again.at) for fault in causes):
                yield Finding("repeated", f"{delivery} was posted at {first.at:.2f} and {again.at:.2f}, and nothing had happened")
    most = sum(AT_A_TIME * _servers(fault, history) for fault in causes)
    if repeats > most:
        yield Finding("repeated", f"{repeats} messages were posted again, {most} at most can be explained")


def _can_repeat(fault: Fault) -> bool:
    return not fault.target.startswith("redis")


def _is_between(fault: Fault, first: float, again: float) -> bool:
    return fault.begun <= min(again, first + _CALL_SECONDS) and fault.ended >= first - _CALL_SECONDS


def _servers(fault: Fault, history: History) -> int:
    """Return how many processes the fault meets: that of one server, or every one."""
    return 1 if "server" in fault.target else len({call.server for call in history.calls})


def _by_delivery(kept: Kept) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for message in sorted(kept.messages, key=lambda message: message.at):
        found[str(message.delivery)].append(message)
    return found


def messages_keep_their_order(_: History, kept: Kept) -> Iterator[Finding]:
    """One integration's runs are told in their order, unless one was paused away, given up or had failed five times."""
    first = {delivery: messages[0].at for delivery, messages in _by_delivery(kept).items()}
    turns: dict[str, set[str | None]] = defaultdict(set)
    for event in kept.events:
        turns[event.about].add(event.status)
    plain = (each for each in kept.deliveries if _went_plainly(each, turns[each.id]) and each.id in first)
    queues: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in sorted(plain, key=lambda delivery: delivery.position):
        queues[delivery.integration].append(delivery)
    for queue in queues.values():
        for before, after in pairwise(queue):
            if first[before.id] > first[after.id]:
                yield Finding("posted out of order", f"{after.id} stands before {before.id} in {before.integration}")


def _went_plainly(delivery: Delivery, statuses: set[str | None]) -> bool:
    return delivery.failures < _HELD_BACK_BY and statuses <= {"PENDING", "RETRYING", "DELIVERED"}


def leases_are_their_owners(_: History, kept: Kept) -> Iterator[Finding]:
    """Before its time is over nobody ends or takes a lease but the process that took it."""
    taken_by = {turn.now_owner: turn.server for turn in kept.turns if turn.now_owner is not None}
    for turn in kept.turns:
        if _is_held(turn) and turn.was_open and turn.server != taken_by.get(str(turn.owner), turn.server):
            yield Finding(
                "lease",
                f"{turn.server} ended the lease of {taken_by[str(turn.owner)]} on {turn.row}, "
                f"{(turn.until or 0) - turn.at:.1f} s before its time",
            )


def _is_held(turn: Turn) -> bool:
    return turn.owner not in (None, turn.now_owner) and turn.until is not None and turn.at < turn.until - _CLOCK_SECONDS
