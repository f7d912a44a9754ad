"""Reads what there is in the end, past the service: the database's rows, and the sandbox's messages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx2

from tests.history.cluster import Team
from tests.history.kept import Delivery, Event, Kept, Message, Run, Thing, Turn

_EVENTS = """
SELECT id, team_id, sequence, type, subject_id AS about, summary, status, previous_status AS previous FROM event"""
_RUNS = "SELECT r.id, r.team_id, m.key AS monitor, r.run_id FROM monitor_run r JOIN monitor m ON m.id = r.monitor_id"
_INTEGRATIONS = "SELECT id, team_id, name, is_paused, status, deleted_at IS NOT NULL AS is_gone FROM integration"
_APPS = "SELECT id, team_id, name, status, deleted_at IS NOT NULL AS is_gone FROM installed_app"
_MEMBERS = "SELECT id, team_id, name, role, left_at IS NOT NULL AS is_gone FROM member"
_DELIVERIES = """
SELECT d.id, d.team_id, d.integration_id AS integration, d.run_id AS run, d.position, d.status,
  count(a.id) FILTER (WHERE NOT a.succeeded) AS failures, count(a.id) FILTER (WHERE a.succeeded) AS successes
FROM delivery d LEFT JOIN delivery_attempt a ON a.delivery_id = d.id GROUP BY d.id"""
_TURNS = "SELECT subject AS row, server, at, owner, until, now_owner, was_open FROM history_turn ORDER BY at"
_OWNED = """
SELECT id, team_id FROM event UNION ALL SELECT id, team_id FROM monitor UNION ALL SELECT id, team_id FROM monitor_run
UNION ALL SELECT id, team_id FROM integration UNION ALL SELECT id, team_id FROM installed_app
UNION ALL SELECT id, team_id FROM member UNION ALL SELECT id, team_id FROM delivery UNION ALL SELECT id, id FROM team"""


async def read_kept(database_url: str, *, teams: Iterable[Team], sandbox_url: str) -> Kept:
    """Return all that the laws are about."""
    labels = {team.id: team.label for team in teams}
    connection = await asyncpg.connect(database_url)
    try:
        return Kept(
            counters={labels[row["team_id"]]: row["sequence"] for row in await _rows(connection, "SELECT * FROM counter")},
            events=[Event(**_labelled(row, labels)) for row in await _rows(connection, _EVENTS)],
            runs=[Run(**_labelled(row, labels)) for row in await _rows(connection, _RUNS)],
            things=await _things(connection, labels),
            deliveries=[Delivery(**_labelled(row, labels)) for row in await _rows(connection, _DELIVERIES)],
            messages=await _messages(sandbox_url),
            turns=[Turn(**row) for row in await _rows(connection, _TURNS)],
            workspaces={team.workspace: team.label for team in teams},
            owners={row["id"]: labels[row["team_id"]] for row in await _rows(connection, _OWNED)},
        )
    finally:
        await connection.close()


async def _things(connection: Any, labels: dict[str, str]) -> list[Thing]:
    found: list[Thing] = []
    for kind, statement in (("Integration", _INTEGRATIONS), ("InstalledApp", _APPS), ("TeamMember", _MEMBERS)):
        for row in await _rows(connection, statement):
            fields = {_FIELDS[column]: row.pop(column) for column in _FIELDS if column in row}
            found.append(Thing(type=kind, fields=fields, **_labelled(row, labels)))
    return found


_FIELDS = {"name": "name", "is_paused": "isPaused", "role": "role"}


async def _rows(connection: Any, statement: str) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in await connection.fetch(statement)]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _labelled(row: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != "team_id"}, "team": labels[row["team_id"]]}


async def _messages(sandbox_url: str) -> list[Message]:
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        shown = (await client.get(f"{sandbox_url}/control/state")).json()["messages"]
    return [
        Message(
            delivery=((each["metadata"] or {}).get("event_payload") or {}).get("delivery_id"),
            workspace=each["workspace"],
            at=datetime.fromisoformat(each["at"]).timestamp(),
        )
        for each in shown
    ]
