"""What clients asked and were told, and what was done to the service meanwhile: the history that is checked afterwards.

Times are seconds on one clock (`time.time()` of the machine that everything ran on). Ids stand as the API gave them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

JSON = dict[str, Any]


class Outcome(StrEnum):
    """OK: acknowledged. REFUSED: it was said, or is certain, that nothing was done. UNKNOWN: it was done once, or not at all."""

    OK = "OK"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One mutation or query. `name` is the mutation's, or "read"; `answer` its payload, or the query's `data`."""

    client: str
    team: str
    server: int
    name: str
    asked: JSON
    begun: float
    ended: float
    outcome: Outcome
    answer: JSON = field(default_factory=dict)
    codes: tuple[str, ...] = ()

    @property
    def is_read(self) -> bool:
        return self.name == "read"


@dataclass(frozen=True, kw_only=True)
class Attached:
    """A subscriber came (back), `after` this number of the log."""

    subscriber: str
    team: str
    topic: str
    after: int
    at: float


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a subscriber was told: an event of the log, or a change."""

    subscriber: str
    at: float
    told: JSON


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What was done to `target` ("server-2", "postgres", "postgres of server-2", "redis", "sandbox")."""

    name: str
    target: str
    begun: float
    ended: float


Record = Call | Attached | Heard | Fault
_KINDS: dict[str, Any] = {"call": Call, "attached": Attached, "heard": Heard, "fault": Fault}


@dataclass
class History:
    """`began` is each team's head before the first call, `settled` a head that every subscriber was given time to hear."""

    calls: list[Call] = field(default_factory=list)
    attached: list[Attached] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    began: dict[str, int] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)

    @property
    def reads(self) -> Iterator[Call]:
        return (call for call in self.calls if call.is_read and call.outcome is Outcome.OK)

    @property
    def writes(self) -> Iterator[Call]:
        return (call for call in self.calls if not call.is_read)

    def keep(self, path: Path) -> None:
        """Write everything down, a line each."""
        with path.open("w") as file:
            file.write(json.dumps({"began": self.began, "settled": self.settled}) + "\n")
            for kind, records in self._by_kind().items():
                file.writelines(json.dumps({"kind": kind, **asdict(record)}) + "\n" for record in records)

    def _by_kind(self) -> dict[str, list[Any]]:
        return {"call": self.calls, "attached": self.attached, "heard": self.heard, "fault": self.faults}


def read_history(path: Path) -> History:
    """Return what `History.keep` has written."""
    with path.open() as file:
        history = History(**json.loads(next(file)))
        records = history._by_kind()  # noqa: SLF001 - its other half
        for line in file:
            fields = json.loads(line)
            kind = fields.pop("kind")
            records[kind].append(_record(kind, fields))
    return history


def _record(kind: str, fields: JSON) -> Record:
    if kind == "call":
        fields |= {"outcome": Outcome(fields["outcome"]), "codes": tuple(fields["codes"])}
    record: Record = _KINDS[kind](**fields)
    return record
