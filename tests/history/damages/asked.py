"""Damage to what was written, and to what reads showed of it."""

from dataclasses import replace
from random import Random
from uuid import UUID

from app.graphql.streams import LogCursors
from tests.history.damages.choice import one_of
from tests.history.ids import key_of, number_of, place_of
from tests.history.kept import Kept, Run
from tests.history.records import Call, History, Outcome


def an_acknowledged_run_is_lost(history: History, kept: Kept, random: Random) -> bool:
    told = [key_of(call.answer["run"]["id"]) for call in _acknowledged(history, "recordMonitorRun")]
    lost = one_of(told, random)
    kept.runs = [run for run in kept.runs if run.id != lost]
    return lost is not None


def a_run_is_recorded_twice(_: History, kept: Kept, random: Random) -> bool:
    run = one_of(kept.runs, random)
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
        if call.outcome is Outcome.OK
        and call.name in {"addIntegration", "deleteIntegration", "editIntegration", "addTeamMember"}
        and _is_the_only_one(call, history)
    ]
    place = one_of(done, random)
    if place is not None:
        history.calls[place] = replace(history.calls[place], outcome=Outcome.REFUSED, answer={})
    return place is not None


def an_acknowledged_write_was_not_done(history: History, kept: Kept, random: Random) -> bool:
    refused = [
        place
        for place, call in enumerate(history.calls)
        if call.outcome is Outcome.REFUSED and call.name in {"editIntegration", "deleteIntegration", "removeTeamMember"}
    ]
    place = one_of(refused, random)
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
    deletion = one_of(_acknowledged(history, "deleteIntegration"), random)
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
    added = {call.answer["integration"]["id"]: call.ended for call in _acknowledged(history, "addIntegration")}
    edits = [call for call in _acknowledged(history, "editIntegration") if call.ended < read.begun]
    renamed = {key_of(call.asked["id"]) for call in edits if added.get(call.asked["id"], 0.0) < call.begun}
    for node in read.answer["integrations"]["nodes"]:
        if key_of(node["id"]) in renamed:
            node["name"] = _first_name(history, node["id"]) or "no name that was given"
            return True
    return False


def the_database_has_an_old_name(_: History, kept: Kept, random: Random) -> bool:
    place = one_of([place for place, thing in enumerate(kept.things) if thing.type == "Integration"], random)
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


def an_error_is_not_typed(history: History, _: Kept, random: Random) -> bool:
    place = random.randrange(len(history.calls))
    history.calls[place] = replace(history.calls[place], codes=("INTERNAL",))
    return True


def _acknowledged(history: History, name: str) -> list[Call]:
    return [call for call in history.writes if call.name == name and call.outcome is Outcome.OK]


def _is_the_only_one(call: Call, history: History) -> bool:
    """Whether no other call can have done the same."""
    return [other for other in history.writes if (other.name, other.asked) == (call.name, call.asked)] == [call]


def _last_read(history: History, team: str) -> Call:
    return max((call for call in history.reads if call.team == team), key=lambda call: call.begun)


def _first_name(history: History, id: str) -> str | None:
    added = _acknowledged(history, "addIntegration")
    return next((call.asked["name"] for call in added if call.answer["integration"]["id"] == id), None)
