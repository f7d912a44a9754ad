"""Laws of reads: what was acknowledged before they began is there, what was deleted is not, and nothing is another team's."""

import bisect
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from tests.history.findings import Finding
from tests.history.ids import key_of, place_of
from tests.history.kept import Event, Kept
from tests.history.logs import differences
from tests.history.records import History, Outcome
from tests.history.seen import seen_in
from tests.history.writes import ADDED, DELETIONS, mark_of, marks_in_log

_LIST_OF = {"addIntegration": "integrations", "addInstalledApp": "installedApps", "addTeamMember": "members"}
_TAG = re.compile(r"\[(\w+)\]")


@dataclass
class Life:
    """From when on a thing has to be shown (`there`), until when (`going`), and from when on it must not be (`gone`)."""

    there: float = inf
    going: float = inf
    gone: float = inf


def reads_show_what_is_there(history: History, _: Kept) -> Iterator[Finding]:
    """What was acknowledged is shown by every later read at any server; what was deleted comes back in none."""
    lives, lists = _lives(history)
    for call in history.reads:
        shown = seen_in(call)
        for key, node in shown.nodes.items():
            life = lives.get(key, Life())
            if node is not None and life.gone < call.begun:
                yield Finding("deleted and back", f"{call.client} at server-{call.server} was shown {key} at {call.begun:.2f}")
            if node is None and life.there < call.begun and call.ended < life.going:
                yield Finding("lost", f"{call.client} at server-{call.server} did not find {key} at {call.begun:.2f}")
        for name, ids in shown.lists.items():
            for key in lists[call.team, name] - ids:
                if lives[key].there < call.begun and call.ended < lives[key].going:
                    yield Finding(
                        "lost", f"{call.client} at server-{call.server} was shown {name} without {key}, {call.begun:.2f}"
                    )


def _lives(history: History) -> tuple[dict[str, Life], dict[tuple[str, str], set[str]]]:
    lives: dict[str, Life] = defaultdict(Life)
    lists: dict[tuple[str, str], set[str]] = defaultdict(set)
    for call in history.writes:
        if call.outcome is Outcome.REFUSED:
            continue
        is_known = call.outcome is Outcome.OK
        if call.name in ADDED and is_known:
            key = key_of(call.answer[ADDED[call.name]]["id"])
            lives[key].there = call.ended
            lists[call.team, _LIST_OF[call.name]].add(key)
        elif call.name == "recordMonitorRun" and is_known:
            key = key_of(call.answer["run"]["id"])
            lives[key].there = min(lives[key].there, call.ended)
        elif call.name in DELETIONS:
            life = lives[key_of(call.asked["id"])]
            life.going = min(life.going, call.begun)
            life.gone = min(life.gone, call.ended) if is_known else life.gone
    return lives, lists


def heads_never_go_back(history: History, kept: Kept) -> Iterator[Finding]:
    """A read sees at least the log that anybody had seen, been told of or written to before it began."""
    known: dict[str, list[tuple[float, int]]] = defaultdict(list)
    marks = marks_in_log(kept)
    team_of = {attached.subscriber: attached.team for attached in history.attached}
    for heard in history.heard:
        known[team_of[heard.subscriber]].append((heard.at, int(heard.told["sequence"])))
    for call in history.writes:
        mark = mark_of(call)
        if call.outcome is Outcome.OK and mark is not None:
            known[call.team].extend((call.ended, number) for team, number, _ in marks.get(mark, []) if team == call.team)
    reads = [(call, head) for call in history.reads if (head := seen_in(call).head) is not None]
    for call, head in reads:
        known[call.team].append((call.ended, head))
    rising = {team: _rising(places) for team, places in known.items()}
    for call, head in reads:
        least = _at(rising[call.team], call.begun)
        if head < least:
            yield Finding("stale", f"{call.client} at server-{call.server} saw {head} at {call.begun:.2f}: {least} was known")


def _rising(places: list[tuple[float, int]]) -> tuple[list[float], list[int]]:
    places.sort()
    highest, heads = 0, []
    for _, number in places:
        highest = max(highest, number)
        heads.append(highest)
    return [at for at, _ in places], heads


def _at(rising: tuple[list[float], list[int]], moment: float) -> int:
    place = bisect.bisect_left(rising[0], moment)
    return rising[1][place - 1] if place else 0


def pages_of_the_log_are_the_log(history: History, kept: Kept) -> Iterator[Finding]:
    """What `events` returns stands in the log like that, without a gap between."""
    logs = {team: {event.sequence: event for event in kept.log_of(team)} for team in kept.counters}
    for call in history.reads:
        events = seen_in(call).events
        numbers = [int(event["sequence"]) for event in events]
        if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            yield Finding("gap", f"{call.client} at server-{call.server} read the log as {numbers}")
        for event in events:
            stands: Event | None = logs[call.team].get(int(event["sequence"]))
            if stands is None or differences(event, stands):
                yield Finding("not in the log", f"{call.client} read {event['sequence']} otherwise than it stands")


def nothing_of_another_team(history: History, kept: Kept) -> Iterator[Finding]:
    """No key, cursor or name of one team is in what another is told."""
    for call in history.calls:
        for text in _texts(call.answer):
            if (other := _owner(text, kept)) not in (None, call.team):
                yield Finding("across teams", f"{call.client} of {call.team} was shown {text} of {other}")
    team_of = {attached.subscriber: attached.team for attached in history.attached}
    for heard in history.heard:
        for text in _texts(heard.told):
            if (other := _owner(text, kept)) not in (None, team_of[heard.subscriber]):
                yield Finding("across teams", f"{heard.subscriber} was told {text} of {other}")


def _owner(text: str, kept: Kept) -> str | None:
    if (match := _TAG.search(text)) is not None:
        return match[1]
    if (owner := kept.owners.get(key_of(text))) is not None:
        return owner
    place = place_of(text)
    return kept.owners.get(place[0]) if place is not None else None


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
        case _:
            return
