"""What a query showed."""

from dataclasses import dataclass

from tests.history.ids import key_of, number_of
from tests.history.records import JSON, Call

LISTS = {"integrations": "Integration", "installedApps": "InstalledApp", "members": "TeamMember"}


@dataclass(frozen=True)
class Shown:
    """`lists` has the ids in each whole list that was read, `nodes` each thing that was asked for or listed; None: not found."""

    head: int | None
    lists: dict[str, frozenset[str]]
    nodes: dict[str, JSON | None]
    events: list[JSON]


def seen_in(call: Call) -> Shown:
    """Return what an acknowledged query's answer shows."""
    found = {name: connection["nodes"] for name, connection in call.answer.items() if name in LISTS}
    asked = zip(call.asked.get("ids", []), call.answer.get("nodes", []), strict=True)
    nodes: dict[str, JSON | None] = {key_of(key): node if _is_live(node) else None for key, node in asked}
    nodes |= {key_of(node["id"]): node for listed in found.values() for node in listed}
    cursor = call.answer.get("eventCursor")
    return Shown(
        head=number_of(cursor) if cursor is not None else None,
        lists={name: frozenset(key_of(node["id"]) for node in listed) for name, listed in found.items()},
        nodes=nodes,
        events=call.answer["events"]["nodes"] if "events" in call.answer else [],
    )


def _is_live(node: JSON | None) -> bool:
    """Members that have left are still named."""
    return node is not None and node.get("leftAt") is None
