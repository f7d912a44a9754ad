"""Damage to the log, and to what subscribers were told of it."""

from dataclasses import replace
from random import Random

from tests.history.damages.choice import one_of
from tests.history.kept import Event, Kept
from tests.history.records import History


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


def a_status_goes_on_from_another(_: History, kept: Kept, random: Random) -> bool:
    place = one_of([place for place, event in enumerate(kept.events) if event.previous is not None], random)
    if place is None:
        return False
    turned = kept.events[place]
    kept.events = [replace(event, previous="FAILING") if event is turned else event for event in kept.events]
    return True


def a_row_has_another_status_than_the_log(_: History, kept: Kept, random: Random) -> bool:
    turned = one_of([delivery for delivery in kept.deliveries if delivery.status == "PENDING"], random)
    kept.deliveries = [replace(each, status="RETRYING") if each is turned else each for each in kept.deliveries]
    return turned is not None


def something_happens_to_what_is_deleted(_: History, kept: Kept, random: Random) -> bool:
    deleted = one_of([event for event in kept.events if event.type == "INTEGRATION_DELETED"], random)
    if deleted is not None:
        _append(kept, deleted.team, about=deleted.about, type="INTEGRATION_STATUS_CHANGED")
    return deleted is not None


def somebody_is_asked_to_sign_in_again(_: History, kept: Kept, __: Random) -> bool:
    _append(kept, "t0", about="one", type="INSTALLED_APP_STATUS_CHANGED", status="NEEDS_REAUTHENTICATION")
    return True


def _append(kept: Kept, team: str, *, about: str, type: str, status: str | None = None) -> None:
    sequence = kept.counters[team] = kept.counters[team] + 1
    event = Event(id="appended", team=team, sequence=sequence, type=type, about=about, summary="", status=status)
    kept.events = [*kept.events, event]
