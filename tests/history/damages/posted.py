"""Damage to deliveries, their messages and leases."""

from dataclasses import replace
from math import inf
from random import Random

from tests.history.damages.choice import one_of
from tests.history.kept import Kept, Message, Turn
from tests.history.records import Fault, History


def what_is_delivered_is_nowhere(_: History, kept: Kept, random: Random) -> bool:
    message = one_of(kept.messages, random)
    kept.messages = [each for each in kept.messages if message is None or each.delivery != message.delivery]
    return message is not None


def a_message_is_repeated_without_a_cause(history: History, kept: Kept, random: Random) -> bool:
    message = one_of(kept.messages, random)
    history.faults.clear()
    if message is not None:
        kept.messages = [*kept.messages, replace(message, at=message.at + 1)]
    return message is not None


def a_message_is_repeated_by_a_fault_that_cannot_have_done_it(history: History, kept: Kept, random: Random) -> bool:
    history.faults[:] = [Fault(name="kill", target="redis", begun=0, ended=inf)]
    message = one_of(kept.messages, random)
    if message is not None:
        kept.messages = [*kept.messages, replace(message, at=message.at + 1)]
    return message is not None


def a_message_stands_in_another_teams_channel(_: History, kept: Kept, random: Random) -> bool:
    message = one_of(kept.messages, random)
    if message is not None:
        other = next(workspace for workspace in kept.workspaces if workspace != message.workspace)
        kept.messages = [*kept.messages, replace(message, workspace=other)]
    return message is not None


def a_message_is_of_no_delivery(_: History, kept: Kept, __: Random) -> bool:
    kept.messages = [*kept.messages, Message(delivery="none", workspace="W-t0", at=1.0)]
    return True


def what_was_kept_quiet_is_posted(_: History, kept: Kept, random: Random) -> bool:
    quiet = one_of([delivery for delivery in kept.deliveries if delivery.status == "SKIPPED"], random)
    if quiet is not None:
        kept.messages = [*kept.messages, Message(delivery=quiet.id, workspace=f"W-{quiet.team}", at=1.0)]
    return quiet is not None


def messages_stand_in_the_wrong_order(_: History, kept: Kept, __: Random) -> bool:
    first: dict[str, Message] = {}
    queues = {delivery.id: (delivery.integration, delivery.position) for delivery in kept.deliveries}
    for message in kept.messages:
        first.setdefault(str(message.delivery), message)
    for delivery, message in first.items():
        integration, position = queues[delivery]
        later = [other for other in first if queues[other][0] == integration and queues[other][1] > position]
        if later:
            late = max(first[other].at for other in later) + 1
            kept.messages = [replace(each, at=late) if each.delivery == message.delivery else each for each in kept.messages]
            return True
    return False


def a_delivery_is_lost(_: History, kept: Kept, random: Random) -> bool:
    lost = one_of(kept.deliveries, random)
    kept.deliveries = [delivery for delivery in kept.deliveries if delivery is not lost]
    return lost is not None


def a_run_is_delivered_twice_to_an_integration(_: History, kept: Kept, random: Random) -> bool:
    delivery = one_of(kept.deliveries, random)
    if delivery is not None:
        kept.deliveries = [*kept.deliveries, replace(delivery, id="another")]
    return delivery is not None


def a_lease_is_ended_by_another(_: History, kept: Kept, random: Random) -> bool:
    ended = one_of([turn for turn in kept.turns if turn.owner is not None and turn.now_owner is None], random)
    kept.turns = [replace(turn, was_open=True, server="server-of-another") if turn is ended else turn for turn in kept.turns]
    return ended is not None


def a_lease_is_taken_before_it_is_over(_: History, kept: Kept, random: Random) -> bool:
    taken = one_of([turn for turn in kept.turns if turn.owner is None], random)
    if taken is not None:
        stolen = Turn(
            row=taken.row, server="thief", at=taken.at + 1, owner=taken.now_owner, until=taken.at + 60, now_owner="thief's"
        )
        kept.turns = [*kept.turns, stolen]
    return taken is not None


def a_server_ends_by_itself(history: History, _: Kept, __: Random) -> bool:
    history.faults.append(Fault(name="ended by itself", target="server-1", begun=1.0, ended=2.0))
    return True
