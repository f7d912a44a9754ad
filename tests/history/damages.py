"""What can be wrong with a history: each of these does a certain damage to a correct one."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from math import inf
from random import Random
from typing import TypeVar
from uuid import UUID

from app.graphql.streams import LogCursors
from tests.history.ids import key_of, number_of, place_of
from tests.history.kept import Event, Kept, Message, Run, Turn
from tests.history.records import Call, Fault, History, Outcome

T = TypeVar("T")
Damage = Callable[[History, Kept, Random], bool]
"""Returns False where this history has nothing that could be damaged so."""


def damaged(history: History, kept: Kept, damage: Damage, random: Random) -> tuple[History, Kept] | None:
    """Return a damaged copy."""
    copied = deepcopy((history, kept))
    return copied if damage(*copied, random) else None


def _one_of(those: Sequence[T], random: Random) -> T | None:
    return random.choice(those) if those else None


def an_event_is_never_told(history: History, _: Kept, random: Random) -> bool:
    history.heard.remove(random.choice(history.heard))
    return True


def an_event_is_told_twice(history: History, _: Kept, random: Random) -> bool:
    place = random.randrange(len(history.heard))
    history.heard.insert(place, history.heard[place])
    return True


def two_events_are_told_in_the_wrong_order(history: History, _: Kept, random: Random) -> bool:
    pairs = [
        place
        for place, (first, second) in enumerate(zip(history.heard, history.heard[1:], strict=False))
        if first.subscriber == second.subscriber
    ]
    place = random.choice(pairs)
    history.heard[place], history.heard[place + 1] = history.heard[place + 1], history.heard[place]
    return True


def an_event_is_told_otherwise(history: History, _: Kept, random: Random) -> bool:
    told = random.choice(history.heard).told
    told[random.choice(["summary", "type", "subjectId", "id"])] = "something else"
    return True


def an_event_is_told_to_another_team(history: History, _: Kept, random: Random) -> bool:
    one = random.choice(history.heard)
    place = next(place for place, each in enumerate(history.heard) if each.subscriber[:2] != one.subscriber[:2])
    history.heard[place] = replace(history.heard[place], told=one.told)
    return True


def a_row_of_the_log_is_lost(_: History, kept: Kept, random: Random) -> bool:
    lost = random.choice(kept.events)
    kept.events = [event for event in kept.events if event is not lost]
    return True


def a_number_is_used_twice(_: History, kept: Kept, random: Random) -> bool:
    event = random.choice(kept.events)
    kept.events = [*kept.events, replace(event, id="another")]
    return True


def the_counter_is_ahead(_: History, kept: Kept, random: Random) -> bool:
    kept.counters[random.choice(sorted(kept.counters))] += 1
    return True


def an_acknowledged_run_is_lost(history: History, kept: Kept, random: Random) -> bool:
    told = [key_of(call.answer["run"]["id"]) for call in _acknowledged(history, "recordMonitorRun")]
    lost = _one_of(told, random)
    kept.runs = [run for run in kept.runs if run.id != lost]
    return lost is not None


def a_run_is_recorded_twice(_: History, kept: Kept, random: Random) -> bool:
    run = _one_of(kept.runs, random)
    if run is None:
        return False
    kept.runs = [*kept.runs, replace(run, id="another")]
    return True


def a_run_comes_from_nowhere(_: History, kept: Kept, __: Random) -> bool:
    kept.runs = [*kept.runs, Run(id="new", team="t0", monitor="m", run_id="r")]
    return True


def a_refused_write_was_done(history: History, _: Kept, random: Random) -> bool:
    done = [
        place
        for place, call in enumerate(history.calls)
        if call.outcome is Outcome.OK and call.name in {"addIntegration", "deleteIntegration", "editIntegration", "addTeamMember"}
    ]
    place = _one_of(done, random)
    if place is not None:
        history.calls[place] = replace(history.calls[place], outcome=Outcome.REFUSED, answer={})
    return place is not None


def an_acknowledged_write_was_not_done(history: History, kept: Kept, random: Random) -> bool:
    refused = [
        place
        for place, call in enumerate(history.calls)
        if call.outcome is Outcome.REFUSED and call.name in {"editIntegration", "deleteIntegration", "removeTeamMember"}
    ]
    place = _one_of(refused, random)
    if place is None:
        return False
    call = history.calls[place]
    gone = {event.about for event in kept.events if event.type.endswith(("_DELETED", "_REMOVED"))}
    history.calls[place] = replace(call, outcome=Outcome.OK)
    return call.name == "editIntegration" or key_of(call.asked["id"]) not in gone


def a_list_lacks_what_was_acknowledged(history: History, _: Kept, __: Random) -> bool:
    read = _last_read(history, "t0")
    listed = read.answer["integrations"]["nodes"]
    ends = {key_of(call.asked["id"]) for call in history.writes if call.name == "deleteIntegration"}
    added = {key_of(call.answer["integration"]["id"]) for call in _acknowledged(history, "addIntegration")}
    kept_on = [node for node in listed if key_of(node["id"]) in added - ends]
    if kept_on:
        listed.remove(kept_on[0])
    return bool(kept_on)


def a_node_is_not_found(history: History, _: Kept, __: Random) -> bool:
    read = _last_read(history, "t1")
    told = {key_of(call.answer["run"]["id"]) for call in _acknowledged(history, "recordMonitorRun")}
    for place, asked in enumerate(read.asked["ids"]):
        if key_of(asked) in told:
            read.answer["nodes"][place] = None
            return True
    return False


def what_was_deleted_comes_back(history: History, _: Kept, random: Random) -> bool:
    deletion = _one_of(_acknowledged(history, "deleteIntegration"), random)
    if deletion is None:
        return False
    node = {"id": deletion.asked["id"], "name": "back", "isPaused": False}
    _last_read(history, deletion.team).answer["integrations"]["nodes"].append(node)
    return True


def another_teams_id_is_shown(history: History, _: Kept, random: Random) -> bool:
    read = _last_read(history, "t0")
    other = _last_read(history, "t1").answer["events"]["nodes"]
    read.answer["elsewhere"] = random.choice(other)["id"] if other else None
    return bool(other)


def another_teams_name_is_shown(history: History, _: Kept, __: Random) -> bool:
    _last_read(history, "t0").answer["elsewhere"] = [{"name": "[t1] integration 1"}]
    return True


def another_teams_cursor_is_shown(history: History, _: Kept, __: Random) -> bool:
    _last_read(history, "t0").answer["elsewhere"] = _last_read(history, "t1").answer["eventCursor"]
    return True


def a_read_shows_an_old_name(history: History, _: Kept, random: Random) -> bool:
    read = _last_read(history, random.choice(["t0", "t1"]))
    renamed = {key_of(call.asked["id"]) for call in _acknowledged(history, "editIntegration")}
    for node in read.answer["integrations"]["nodes"]:
        if key_of(node["id"]) in renamed:
            node["name"] = _first_name(history, node["id"]) or "no name that was given"
            return True
    return False


def the_database_has_an_old_name(_: History, kept: Kept, random: Random) -> bool:
    place = _one_of([place for place, thing in enumerate(kept.things) if thing.type == "Integration"], random)
    if place is None:
        return False
    thing = kept.things[place]
    kept.things = [replace(each, fields={**each.fields, "name": "old"}) if each is thing else each for each in kept.things]
    return True


def a_read_is_of_an_older_log(history: History, _: Kept, __: Random) -> bool:
    read = _last_read(history, "t0")
    place = place_of(read.answer["eventCursor"])
    assert place is not None
    team, head = place
    read.answer["eventCursor"] = LogCursors(UUID(team)).write([max(0, head - 1)])
    return number_of(read.answer["eventCursor"]) < head


def a_page_of_the_log_has_a_gap(history: History, _: Kept, __: Random) -> bool:
    events = _last_read(history, "t0").answer["events"]["nodes"]
    if len(events) >= 3:
        del events[1]
    return len(events) >= 2


def what_is_delivered_is_nowhere(_: History, kept: Kept, random: Random) -> bool:
    message = _one_of(kept.messages, random)
    kept.messages = [each for each in kept.messages if message is None or each.delivery != message.delivery]
    return message is not None


def a_message_is_repeated_without_a_cause(history: History, kept: Kept, random: Random) -> bool:
    message = _one_of(kept.messages, random)
    history.faults.clear()
    if message is not None:
        kept.messages = [*kept.messages, replace(message, at=message.at + 1)]
    return message is not None


def a_message_is_repeated_by_a_fault_that_cannot_have_done_it(history: History, kept: Kept, random: Random) -> bool:
    history.faults[:] = [Fault(name="kill", target="redis", begun=0, ended=inf)]
    message = _one_of(kept.messages, random)
    if message is not None:
        kept.messages = [*kept.messages, replace(message, at=message.at + 1)]
    return message is not None


def a_message_stands_in_another_teams_channel(_: History, kept: Kept, random: Random) -> bool:
    message = _one_of(kept.messages, random)
    if message is not None:
        other = next(workspace for workspace in kept.workspaces if workspace != message.workspace)
        kept.messages = [*kept.messages, replace(message, workspace=other)]
    return message is not None


def a_message_is_of_no_delivery(_: History, kept: Kept, __: Random) -> bool:
    kept.messages = [*kept.messages, Message(delivery="none", workspace="W-t0", at=1.0)]
    return True


def what_was_kept_quiet_is_posted(_: History, kept: Kept, random: Random) -> bool:
    quiet = _one_of([delivery for delivery in kept.deliveries if delivery.status == "SKIPPED"], random)
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
    lost = _one_of(kept.deliveries, random)
    kept.deliveries = [delivery for delivery in kept.deliveries if delivery is not lost]
    return lost is not None


def a_run_is_delivered_twice_to_an_integration(_: History, kept: Kept, random: Random) -> bool:
    delivery = _one_of(kept.deliveries, random)
    if delivery is not None:
        kept.deliveries = [*kept.deliveries, replace(delivery, id="another")]
    return delivery is not None


def a_status_goes_on_from_another(_: History, kept: Kept, random: Random) -> bool:
    place = _one_of([place for place, event in enumerate(kept.events) if event.previous is not None], random)
    if place is None:
        return False
    turned = kept.events[place]
    kept.events = [replace(event, previous="FAILING") if event is turned else event for event in kept.events]
    return True


def a_row_has_another_status_than_the_log(_: History, kept: Kept, random: Random) -> bool:
    turned = _one_of([delivery for delivery in kept.deliveries if delivery.status == "PENDING"], random)
    kept.deliveries = [replace(each, status="RETRYING") if each is turned else each for each in kept.deliveries]
    return turned is not None


def something_happens_to_what_is_deleted(_: History, kept: Kept, random: Random) -> bool:
    deleted = _one_of([event for event in kept.events if event.type == "INTEGRATION_DELETED"], random)
    if deleted is not None:
        _append(kept, deleted.team, about=deleted.about, type="INTEGRATION_STATUS_CHANGED")
    return deleted is not None


def somebody_is_asked_to_sign_in_again(_: History, kept: Kept, __: Random) -> bool:
    _append(kept, "t0", about="one", type="INSTALLED_APP_STATUS_CHANGED", status="NEEDS_REAUTHENTICATION")
    return True


def a_lease_is_ended_by_another(_: History, kept: Kept, random: Random) -> bool:
    ended = _one_of([turn for turn in kept.turns if turn.owner is not None and turn.now_owner is None], random)
    kept.turns = [replace(turn, was_open=True, server="server-of-another") if turn is ended else turn for turn in kept.turns]
    return ended is not None


def a_lease_is_taken_before_it_is_over(_: History, kept: Kept, random: Random) -> bool:
    taken = _one_of([turn for turn in kept.turns if turn.owner is None], random)
    if taken is not None:
        stolen = Turn(
            row=taken.row, server="thief", at=taken.at + 1, owner=taken.now_owner, until=taken.at + 60, now_owner="thief's"
        )
        kept.turns = [*kept.turns, stolen]
    return taken is not None


def an_error_is_not_typed(history: History, _: Kept, random: Random) -> bool:
    place = random.randrange(len(history.calls))
    history.calls[place] = replace(history.calls[place], codes=("INTERNAL",))
    return True


def a_server_ends_by_itself(history: History, _: Kept, __: Random) -> bool:
    history.faults.append(Fault(name="ended by itself", target="server-1", begun=1.0, ended=2.0))
    return True


DAMAGES: dict[Damage, str] = {
    an_event_is_never_told: "gap",
    an_event_is_told_twice: "repeat",
    two_events_are_told_in_the_wrong_order: "reorder",
    an_event_is_told_otherwise: "told otherwise",
    an_event_is_told_to_another_team: "across teams",
    a_row_of_the_log_is_lost: "gap in the log",
    a_number_is_used_twice: "gap in the log",
    the_counter_is_ahead: "gap in the log",
    an_acknowledged_run_is_lost: "run",
    a_run_is_recorded_twice: "run",
    a_run_comes_from_nowhere: "run",
    a_refused_write_was_done: "write",
    an_acknowledged_write_was_not_done: "write",
    a_list_lacks_what_was_acknowledged: "lost",
    a_node_is_not_found: "lost",
    what_was_deleted_comes_back: "deleted and back",
    another_teams_id_is_shown: "across teams",
    another_teams_name_is_shown: "across teams",
    another_teams_cursor_is_shown: "across teams",
    a_read_shows_an_old_name: "stale",
    the_database_has_an_old_name: "stale",
    a_read_is_of_an_older_log: "stale",
    a_page_of_the_log_has_a_gap: "gap",
    what_is_delivered_is_nowhere: "posted",
    a_message_is_repeated_without_a_cause: "repeated",
    a_message_is_repeated_by_a_fault_that_cannot_have_done_it: "repeated",
    a_message_stands_in_another_teams_channel: "across teams",
    a_message_is_of_no_delivery: "posted",
    what_was_kept_quiet_is_posted: "posted",
    messages_stand_in_the_wrong_order: "posted out of order",
    a_delivery_is_lost: "deliveries",
    a_run_is_delivered_twice_to_an_integration: "deliveries",
    a_status_goes_on_from_another: "status",
    a_row_has_another_status_than_the_log: "status",
    something_happens_to_what_is_deleted: "deleted and back",
    somebody_is_asked_to_sign_in_again: "stopped",
    a_lease_is_ended_by_another: "lease",
    a_lease_is_taken_before_it_is_over: "lease",
    an_error_is_not_typed: "error",
    a_server_ends_by_itself: "ended",
}
"""Each with the law that it breaks."""


def _acknowledged(history: History, name: str) -> list[Call]:
    return [call for call in history.writes if call.name == name and call.outcome is Outcome.OK]


def _last_read(history: History, team: str) -> Call:
    return max((call for call in history.reads if call.team == team), key=lambda call: call.begun)


def _first_name(history: History, id: str) -> str | None:
    added = _acknowledged(history, "addIntegration")
    return next((call.asked["name"] for call in added if call.answer["integration"]["id"] == id), None)


def _append(kept: Kept, team: str, *, about: str, type: str, status: str | None = None) -> None:
    sequence = kept.counters[team] = kept.counters[team] + 1
    event = Event(id="appended", team=team, sequence=sequence, type=type, about=about, summary="", status=status)
    kept.events = [*kept.events, event]
