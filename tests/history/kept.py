"""What there is in the end: the database's rows, and the messages in the sandbox's channels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """A row of a team's log. `about` is the id of what happened to; ids in this file are plain UUIDs."""

    id: str
    team: str
    sequence: int
    type: str
    about: str
    summary: str
    status: str | None = None
    previous: str | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    id: str
    team: str
    monitor: str
    run_id: str


@dataclass(frozen=True, kw_only=True)
class Thing:
    """An integration, an installed app or a member. `fields` has what members of the team can set: name, isPaused, role."""

    id: str
    team: str
    type: str
    fields: dict[str, Any]
    is_gone: bool = False
    status: str | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    id: str
    team: str
    integration: str
    run: str
    position: int
    status: str
    failures: int = 0
    successes: int = 0


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message in a channel of the sandbox; `delivery` is what its metadata says."""

    delivery: str | None
    workspace: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A lease on a row changed hands: `server` wrote that, `owner` had it `until` and `now_owner` has it from then on.

    `was_open`: what the lease is for was not decided by the same statement, so nobody but its owner had a reason to end it.
    """

    row: str
    server: str
    at: float
    owner: str | None
    until: float | None
    now_owner: str | None
    was_open: bool = True


@dataclass
class Kept:
    """`counters` are the heads by team, `workspaces` the team that each workspace belongs to, `owners` whose an id is."""

    counters: dict[str, int] = field(default_factory=dict)
    events: Sequence[Event] = ()
    runs: Sequence[Run] = ()
    things: Sequence[Thing] = ()
    deliveries: Sequence[Delivery] = ()
    messages: Sequence[Message] = ()
    turns: Sequence[Turn] = ()
    workspaces: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def log_of(self, team: str) -> list[Event]:
        return sorted((event for event in self.events if event.team == team), key=lambda event: event.sequence)
