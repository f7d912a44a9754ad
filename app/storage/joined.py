"""Statements that are run in one trip to the database."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

_PLACE = re.compile(r"\$(\d+)")
_VALUES = " VALUES "
_MOST_VALUES = 30_000
"""What a server takes with one statement is a little more."""


@dataclass(frozen=True)
class Statement:
    """A statement that writes something, and the values that it is run with, once with each."""

    sql: str
    runs: Sequence[Sequence[Any]]


def joined(statements: Sequence[Statement]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the parts of one WITH that a server is to run in their place, and its values: of one more where those are too many.

    An INSERT that is run several times becomes one of as many rows.
    """
    for portion in _portions(statements):
        parts: list[str] = []
        values: list[Any] = []
        for sql, run in groupby(portion, itemgetter(0)):
            for one, given in _as_one(sql, [each for _, each in run]):
                parts.append(f'"part_{len(parts)}" AS ({_numbered(one, after=len(values))})')
                values += given
        yield ", ".join(parts), values


def _portions(statements: Sequence[Statement]) -> Iterator[list[tuple[str, Sequence[Any]]]]:
    portion: list[tuple[str, Sequence[Any]]] = []
    number = 0
    for statement in statements:
        for run in statement.runs:
            if number + len(run) > _MOST_VALUES:
                yield portion
                portion, number = [], 0
            portion.append((statement.sql, run))
            number += len(run)
    if portion:
        yield portion


def _as_one(sql: str, runs: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
    if not sql.startswith("INSERT"):
        yield from ((sql, list(run)) for run in runs)
        return
    head, _, row = sql.partition(_VALUES)
    rows = [_numbered(row, after=number * len(runs[0])) for number in range(len(runs))]
    yield f"{head}{_VALUES}{','.join(rows)}", [value for run in runs for value in run]


def _numbered(sql: str, *, after: int) -> str:
    return _PLACE.sub(lambda place: f"${int(place[1]) + after}", sql) if after else sql
