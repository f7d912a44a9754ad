"""Laws of what can be set again and again: a read returns the last acknowledged write before it, or one under way beside it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from tests.history.findings import Finding
from tests.history.ids import key_of
from tests.history.kept import Kept
from tests.history.records import Call, History, Outcome
from tests.history.seen import seen_in
from tests.history.writes import ADDED, mark_of, marks_in_log

Key = tuple[str, str]
"""A thing's key and the name of its field."""


@dataclass(frozen=True)
class Write:
    """`ended` is infinite where no answer came: it may have taken place at any time since it began."""

    value: Any
    begun: float
    ended: float


@dataclass(frozen=True)
class Seen:
    value: Any
    begun: float
    ended: float
    who: str


_FIRST: dict[str, dict[str, Any]] = {
    "addIntegration": {"isPaused": False},
    "addInstalledApp": {},
    "addTeamMember": {},
}
_SETS: dict[str, dict[str, Any]] = {"pauseIntegration": {"isPaused": True}, "resumeIntegration": {"isPaused": False}}
_FIELDS = ("name", "isPaused", "role")


def reads_return_the_last_write(history: History, kept: Kept) -> Iterator[Finding]:
    """Names, pauses and roles; what stands in the database in the end is a read that begins after everything."""
    writes = _writes(history, kept)
    for key, seen in _reads(history, kept):
        if key in writes and not _is_explained(seen, writes[key]):
            known = [f"{write.value} [{write.begun:.2f}, {write.ended:.2f}]" for write in writes[key]][-6:]
            yield Finding("stale", f"{seen.who} [{seen.begun:.2f}, {seen.ended:.2f}] saw {key} = {seen.value}, of {known}")


def _is_explained(seen: Seen, writes: Sequence[Write]) -> bool:
    return any(
        write.value == seen.value
        and write.begun < seen.ended
        and not any(write.ended < later.begun and later.ended < seen.begun for later in writes)
        for write in writes
    )


def _writes(history: History, kept: Kept) -> dict[Key, list[Write]]:
    marks = marks_in_log(kept)
    writes: dict[Key, list[Write]] = defaultdict(list)
    added: set[str] = set()
    for call in history.writes:
        if call.outcome is Outcome.REFUSED:
            continue
        ended = call.ended if call.outcome is Outcome.OK else inf
        if call.name in ADDED:
            places = marks.get(mark_of(call) or ("", ""), [])
            key = places[0][2] if places else None
            added |= {key} if key is not None else set()
        else:
            key = key_of(call.asked["id"]) if "id" in call.asked else None
        if key is not None:
            for field, value in _values(call).items():
                writes[key, field].append(Write(value, call.begun, ended))
    return {key: each for key, each in writes.items() if key[0] in added}


def _values(call: Call) -> dict[str, Any]:
    asked = {field: call.asked[field] for field in _FIELDS if field in call.asked}
    return asked | _FIRST.get(call.name, {}) | _SETS.get(call.name, {})


def _reads(history: History, kept: Kept) -> Iterator[tuple[Key, Seen]]:
    for call in history.reads:
        for key, node in seen_in(call).nodes.items():
            for field in _FIELDS:
                if node is not None and field in node:
                    yield (key, field), Seen(node[field], call.begun, call.ended, call.client)
    for thing in kept.things:
        for field, value in thing.fields.items():
            yield (thing.id, field), Seen(value, inf, inf, "the database")
