"""Copies of the service that are broken on purpose, to see that the checker finds it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

import app
from tests.history.cluster import Cluster


@dataclass(frozen=True)
class Edit:
    """In the file, in the one place where this stands, put that."""

    file: str
    this: str
    that: str


def build(folder: Path, edits: Sequence[Edit]) -> Path:
    """Copy `app` into the folder and edit it; return the folder, from which servers can run it."""
    folder.mkdir()
    shutil.copytree(Path(app.__file__).parent, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    for edit in edits:
        file = folder / "app" / edit.file
        text = file.read_text()
        assert text.count(edit.this) == 1, f"{edit.file} has {text.count(edit.this)} times {edit.this!r}"
        file.write_text(text.replace(edit.this, edit.that))
    return folder


_EVENTS = "log/events.py"
_BULK = "    return [\n        Event("
_NUMBERS = """
    if not entries:
        return []
    from app.storage import database
    query = database.current().execute_query_dict
    taken = await query(f"SELECT nextval('numbers_{change.team_id.hex}') AS number FROM generate_series(1, {len(entries)})")
    numbers = [row["number"] for row in taken]
"""
_RAISED = """
    raised = f"UPDATE counter SET sequence = GREATEST(sequence, {max(numbers)}) WHERE team_id = '{change.team_id}'"
    await query(f"{raised} RETURNING sequence")
"""
_HELD = """
    await query("SELECT pg_sleep(0.5)")
"""


def sequence_for_counter(*, is_held_open: bool = False) -> list[Edit]:
    """Take numbers from a database sequence, without the team's lock; `is_held_open`: and dawdle between number and commit."""
    return [
        Edit(_EVENTS, ".select_for_update()", ""),
        Edit(_EVENTS, "_counted(counter, used, news=len(events))", "_counted(counter, used, news=0)"),
        Edit(_EVENTS, "events = _numbered(", "events = await _numbered("),
        Edit(_EVENTS, "def _numbered(", "async def _numbered("),
        Edit(_EVENTS, _BULK, _NUMBERS + (_HELD if is_held_open else "") + _RAISED + _BULK),
        Edit(_EVENTS, "in enumerate(entries, start=last + 1)", "in zip(numbers, entries, strict=True)"),
    ]


async def make_sequences(cluster: Cluster) -> None:
    """Make what `sequence_for_counter` takes its numbers from."""
    connection = await asyncpg.connect(cluster.database_url)
    try:
        for team in await connection.fetch("SELECT team_id, sequence FROM counter"):
            name = f"numbers_{team['team_id'].hex}"
            await connection.execute(f"CREATE SEQUENCE {name} START WITH {team['sequence'] + 1}")
    finally:
        await connection.close()


SHORT_LEASES = [
    Edit("deliveries/leases.py", "LEASE = timedelta(seconds=60)", "LEASE = timedelta(seconds=5)"),
    Edit("deliveries/posting.py", "_LONGEST_CALL = timedelta(seconds=15)", "_LONGEST_CALL = timedelta(seconds=1)"),
]
"""So that a test need not wait a minute for a lease to run out."""

LEASES_WITHOUT_AN_OWNER = [
    Edit("deliveries/leases.py", "filter(id=lease.delivery_id, lease_owner=lease.owner, ", "filter(id=lease.delivery_id, "),
    Edit("deliveries/settling.py", "if delivery.lease_owner != lease.owner or not", "if not"),
]
"""Whoever gives up, or has failed, ends the lease that is there, whosever it is."""
