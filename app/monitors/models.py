"""A monitor, and each run that was reported of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import orjson
from tortoise import fields
from tortoise.models import Model


class RunOutcome(StrEnum):
    PASSED = "PASSED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    NOTHING_RAN = "NOTHING_RAN"

    @property
    def is_failure(self) -> bool:
        return self in {RunOutcome.FAILED, RunOutcome.ERROR}


@dataclass(frozen=True)
class Failure:
    """A test that failed, or an error: its name and what it says."""

    name: str
    message: str


# As the first migration has it: another outcome is text like these, and changes no table.
_OUTCOMES = "PASSED: PASSED\nFAILED: FAILED\nERROR: ERROR"


class Monitor(Model):
    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    key = fields.CharField(max_length=200)
    name = fields.CharField(max_length=200)
    created_at = fields.DatetimeField()

    class Meta:
        table = "monitor"
        unique_together = (("team_id", "key"),)
        indexes = (("team_id", "created_at", "id"),)


class MonitorRun(Model):
    """`position` counts the monitor's runs in the order in which they were recorded, from 1 on.

    Tests, which nobody ran, are counted from -1 downwards: they stand in no list of runs.
    """

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    monitor: fields.ForeignKeyRelation[Monitor] = fields.ForeignKeyField(
        "models.Monitor", on_delete=fields.RESTRICT, related_name=False
    )
    monitor_id: UUID
    position = fields.BigIntField()
    run_id = fields.CharField(max_length=200)
    outcome = fields.CharEnumField(RunOutcome, max_length=32, description=_OUTCOMES)
    started_at = fields.DatetimeField()
    duration_ms = fields.BigIntField()
    request_count = fields.IntField()
    test_count = fields.IntField()
    failed_test_count = fields.IntField()
    error_count = fields.IntField()
    failures_json = fields.TextField()
    url: str | None = fields.TextField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "monitor_run"
        unique_together = (("monitor", "run_id"), ("monitor", "position"))
        indexes = (("recorded_at",),)

    @property
    def is_test(self) -> bool:
        return bool(self.position < 0)

    @property
    def failures(self) -> tuple[Failure, ...]:
        return tuple(Failure(name, message) for name, message in orjson.loads(self.failures_json))


COLUMNS_BUT_FAILURES = (
    "id",
    "team_id",
    "monitor_id",
    "position",
    "run_id",
    "outcome",
    "started_at",
    "duration_ms",
    "request_count",
    "test_count",
    "failed_test_count",
    "error_count",
    "url",
    "recorded_at",
)
"""Of a run. Its failures can be a hundred times as long as all of these, and there are pages of thousands of runs."""


def write_failures(failures: Sequence[Failure]) -> str:
    """Return the text of the column `failures_json`, which `MonitorRun.failures` reads."""
    return orjson.dumps([[failure.name, failure.message] for failure in failures]).decode()
