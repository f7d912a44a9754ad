"""What the database does for a statement, as it says itself."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.storage import database
from tests.growth.filling import GROWING

FEW = 2_000
"""Rows of a table that a server may rather go through than look up."""

STEPS_A_ROW = 40
"""SQLite counts the steps of its machine, not rows: no more than so many it takes to look at one."""

_STRIDE = 100


@dataclass
class Work:
    """`read`: so many rows were looked at, of all tables together. `scanned`: the growing tables that were gone through."""

    read: int = 0
    scanned: list[str] = field(default_factory=list)


async def work_of(url: str, sql: str, values: Sequence[Any]) -> Work:
    """Run the statement, and return what that was."""
    if database.is_embedded(url):
        return _work_of_file(database.embedded_path(url), sql, values)
    [row] = await database.current().execute_query_dict(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", list(values))
    [whole] = json.loads(row["QUERY PLAN"])
    work = Work()
    for node in _nodes(whole["Plan"]):
        if "Relation Name" in node:
            each = sum(node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"))
            read = int(each * node["Actual Loops"])
            work.read += read
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING and read > FEW:
                work.scanned.append(node["Relation Name"])
    return work


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _work_of_file(path: str, sql: str, values: Sequence[Any]) -> Work:
    work, strides = Work(), [0]

    def count() -> None:
        strides[0] += 1

    with contextlib.closing(sqlite3.connect(path)) as file:
        file.create_function("UPPER", 1, lambda text: text.upper() if isinstance(text, str) else text, deterministic=True)
        for *_, detail in file.execute(f"EXPLAIN QUERY PLAN {sql}", values):
            verb, _, name = detail.partition(" ")
            if verb == "SCAN" and name.partition(" ")[0] in GROWING:
                work.scanned.append(name)
        file.set_progress_handler(count, _STRIDE)
        file.execute(sql, values).fetchall()
    work.read = strides[0] * _STRIDE // STEPS_A_ROW
    return work
