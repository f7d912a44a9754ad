"""Laws of writes: an acknowledged one was done once, a refused one never, one without an answer once or not at all."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.history.findings import Finding
from tests.history.ids import key_of
from tests.history.kept import Kept, Run
from tests.history.records import Call, History, Outcome

Mark = tuple[str, str]
"""How a write shows in the log: a type of event, and the name or the id that only this write can have put there."""

_BY_NAME = {
    "addIntegration": "INTEGRATION_ADDED",
    "editIntegration": "INTEGRATION_EDITED",
    "addInstalledApp": "INSTALLED_APP_ADDED",
    "editInstalledApp": "INSTALLED_APP_EDITED",
    "addTeamMember": "TEAM_MEMBER_ADDED",
}
_BY_ID = {
    "deleteIntegration": "INTEGRATION_DELETED",
    "deleteInstalledApp": "INSTALLED_APP_DELETED",
    "removeTeamMember": "TEAM_MEMBER_REMOVED",
}
DELETIONS = frozenset(_BY_ID)
ADDED = {"addIntegration": "integration", "addInstalledApp": "installedApp", "addTeamMember": "member"}
"""What the payload calls that which was added."""

_NAME = re.compile(r"“([^”]*)”|^(.*) was added to the team")


def mark_of(call: Call) -> Mark | None:
    """Return how the write shows in the log; None for one that may leave no mark of its own."""
    if call.name in _BY_NAME:
        return _BY_NAME[call.name], call.asked["name"]
    if call.name in _BY_ID:
        return _BY_ID[call.name], key_of(call.asked["id"])
    return None


def marks_in_log(kept: Kept) -> dict[Mark, list[tuple[str, int, str]]]:
    """Return where each mark stands: team, number, and what it is about."""
    found: dict[Mark, list[tuple[str, int, str]]] = defaultdict(list)
    for event in kept.events:
        place = (event.team, event.sequence, event.about)
        if event.type in _BY_ID.values():
            found[event.type, event.about].append(place)
        elif event.type in _BY_NAME.values() and (match := _NAME.search(event.summary)):
            found[event.type, match[1] or match[2]].append(place)
    return found


def writes_are_done_once(history: History, kept: Kept) -> Iterator[Finding]:
    """What was acknowledged stands in the log once; what was refused not at all; nothing is there that nobody asked for."""
    marks = marks_in_log(kept)
    asked: dict[Mark, list[Call]] = defaultdict(list)
    for call in history.writes:
        if (mark := mark_of(call)) is not None:
            asked[mark].append(call)
    for mark, calls in asked.items():
        places = marks.get(mark, [])
        outcomes = Counter(call.outcome for call in calls)
        most = min(1, outcomes[Outcome.OK] + outcomes[Outcome.UNKNOWN])
        if not outcomes[Outcome.OK] <= len(places) <= most:
            yield Finding("write", f"{calls[0].team}: {mark} stands in the log {len(places)} times after {_told(outcomes)}")
        for call in calls:
            yield from _about_another(call, mark, places)
    for mark, places in marks.items():
        if mark not in asked and any(number > history.began.get(team, 0) for team, number, _ in places):
            yield Finding("write", f"{places[0][0]}: nobody asked for {mark}")


def _about_another(call: Call, mark: Mark, places: Sequence[tuple[str, int, str]]) -> Iterator[Finding]:
    if any(team != call.team for team, _, _ in places):
        yield Finding("write", f"{mark} of {call.team} stands in another team's log")
    if call.outcome is Outcome.OK and call.name in ADDED and places:
        told = key_of(call.answer[ADDED[call.name]]["id"])
        if told != places[0][2]:
            yield Finding("write", f"{call.team}: {mark} was acknowledged as {told} and is {places[0][2]}")


def _told(outcomes: Counter[Outcome]) -> str:
    return " + ".join(f"{count} {outcome}" for outcome, count in outcomes.items())


def runs_are_recorded_once(history: History, kept: Kept) -> Iterator[Finding]:
    """A run is a row once, however often it was reported, and every report of it was told the same id and deliveries of it."""
    rows: dict[tuple[str, str, str], list[Run]] = defaultdict(list)
    for row in kept.runs:
        rows[row.team, row.monitor, row.run_id].append(row)
    reports: dict[tuple[str, str, str], list[Call]] = defaultdict(list)
    for call in history.writes:
        if call.name == "recordMonitorRun":
            reports[call.team, call.asked["monitorKey"], call.asked["runId"]].append(call)
    for run, calls in reports.items():
        outcomes = Counter(call.outcome for call in calls)
        found = rows.pop(run, [])
        if not min(1, outcomes[Outcome.OK]) <= len(found) <= min(1, outcomes[Outcome.OK] + outcomes[Outcome.UNKNOWN]):
            yield Finding("run", f"{run} is recorded {len(found)} times after {_told(outcomes)}")
        told = {key_of(call.answer["run"]["id"]) for call in calls if call.outcome is Outcome.OK}
        if told - {row.id for row in found}:
            yield Finding("run", f"{run} was acknowledged as {told}")
    for run in rows:
        yield Finding("run", f"nobody reported {run}")


def acknowledged_deliveries_are_there(history: History, kept: Kept) -> Iterator[Finding]:
    """Each delivery that a report was answered with is a row, of that run."""
    run_of = {delivery.id: delivery.run for delivery in kept.deliveries}
    for call in history.writes:
        if call.name == "recordMonitorRun" and call.outcome is Outcome.OK:
            run = key_of(call.answer["run"]["id"])
            for delivery in call.answer["deliveries"]:
                if run_of.get(key_of(delivery["id"])) != run:
                    yield Finding("run", f"{call.team}: the delivery {key_of(delivery['id'])} of run {run} is lost")


def errors_are_typed(history: History, _: Kept) -> Iterator[Finding]:
    """What the service cannot do meanwhile is UNAVAILABLE and never a fault of its own, nor of who asks."""
    for call in history.calls:
        for code in set(call.codes) - _EXPECTED:
            yield Finding("error", f"{call.client} was told {code} by server-{call.server} for {call.name} at {call.begun:.1f}")


_EXPECTED = frozenset(
    {
        "UNAVAILABLE",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "CONFLICT",
        "PROVIDER_UNREACHABLE",
        "PROVIDER_BUSY",
    }
)
