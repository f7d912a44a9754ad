"""A service that does everything right, in memory: it makes correct histories to try the laws with."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from uuid import UUID

from app.graphql.ids import encode_id
from app.graphql.streams import LogCursors
from tests.history.kept import Delivery, Event, Kept, Message, Run, Thing, Turn
from tests.history.logs import TOPICS
from tests.history.records import JSON, Attached, Call, Fault, Heard, History, Outcome
from tests.history.showing import id_of, node_of, shown, tell

STEPS = 120
SERVERS = 3
LABELS = ("t0", "t1")

_LONGEST_CALL = 2.5


@dataclass
class World:
    """`now` is when the present step takes effect: each is a moment of its own, a second behind the one before."""

    random: Random
    history: History = field(default_factory=History)
    kept: Kept = field(default_factory=Kept)
    teams: dict[str, UUID] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    things: dict[str, Thing] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    now: float = 1_000.0
    made: int = 0

    def id(self) -> str:
        return str(UUID(int=self.random.getrandbits(128)))

    def name(self, team: str, what: str) -> str:
        self.made += 1
        return f"[{team}] {what} {self.made}"

    def record(self, team: str, kind: str, about: str, summary: str, **more: Any) -> None:
        sequence = self.kept.counters[team] = self.kept.counters[team] + 1
        event = Event(id=self.id(), team=team, sequence=sequence, type=kind, about=about, summary=summary, **more)
        self.events.append(event)
        self.times[event.id] = self.now

    def call(self, team: str, name: str, asked: JSON, outcome: Outcome, answer: JSON | None = None) -> None:
        self.history.calls.append(
            Call(
                client=f"{team}-client-{self.random.randrange(3)}",
                team=team,
                server=self.random.randrange(SERVERS),
                name=name,
                asked=asked,
                begun=self.now - self.random.uniform(0.01, _LONGEST_CALL),
                ended=self.now + self.random.uniform(0.01, _LONGEST_CALL),
                outcome=outcome,
                answer=(answer or {}) if outcome is Outcome.OK else {},
            )
        )

    def of(self, team: str, kind: str) -> list[Thing]:
        return [thing for thing in self.things.values() if (thing.team, thing.type) == (team, kind) and not thing.is_gone]


def simulate(seed: int, *, steps: int = STEPS) -> tuple[History, Kept]:
    """Return a correct history of so many steps, and what there is at its end."""
    world = World(Random(seed))  # noqa: S311 - hypothesis chooses the seed
    for label in LABELS:
        world.teams[label] = UUID(world.id())
        world.kept.counters[label] = world.history.began[label] = 0
    actions = [_read, _read, _add, _add, _rename, _pause, _delete, _add_member, _change_role, _remove_member, _report, _report]
    for _ in range(steps):
        world.now += 1.0
        world.random.choice([*actions, _deliver, _deliver])(world, world.random.choice(LABELS))
    for team in LABELS * 2:
        world.now += 2 * _LONGEST_CALL
        _read(world, team)
    return _finish(world)


def _outcome(world: World) -> tuple[Outcome, bool]:
    """Return what the client is told, and whether it is done."""
    luck = world.random.random()
    if luck < 0.8:
        return Outcome.OK, True
    return (Outcome.UNKNOWN, luck < 0.87) if luck < 0.94 else (Outcome.REFUSED, False)


def _add(world: World, team: str) -> None:
    outcome, is_done = _outcome(world)
    name, key = world.name(team, "integration"), world.id()
    if is_done:
        fields = {"name": name, "isPaused": False}
        world.things[key] = Thing(id=key, team=team, type="Integration", fields=fields, status="ACTIVE")
        world.record(team, "INTEGRATION_ADDED", key, f"The integration “{name}” was added, connected to it.", status="ACTIVE")
    world.call(team, "addIntegration", {"name": name}, outcome, {"integration": {"id": encode_id("Integration", UUID(key))}})


def _rename(world: World, team: str) -> None:
    if not (thing := _any(world, team, "Integration")):
        return
    outcome, is_done = _outcome(world)
    name = world.name(team, "renamed")
    if is_done:
        _set(world, thing, name=name)
        world.record(team, "INTEGRATION_EDITED", thing.id, f"The integration “{name}” was edited.")
    world.call(team, "editIntegration", {"id": id_of(thing), "name": name}, outcome)


def _pause(world: World, team: str) -> None:
    if not (thing := _any(world, team, "Integration")):
        return
    outcome, is_done = _outcome(world)
    pauses = not thing.fields["isPaused"]
    status = "PAUSED" if pauses else "ACTIVE"
    if is_done:
        summary = f"The integration is now {status}."
        world.record(team, "INTEGRATION_STATUS_CHANGED", thing.id, summary, status=status, previous=thing.status)
        world.things[thing.id] = replace(_set(world, thing, isPaused=pauses), status=status)
    world.call(team, "pauseIntegration" if pauses else "resumeIntegration", {"id": id_of(thing)}, outcome)


def _delete(world: World, team: str) -> None:
    _end(world, team, "Integration", "deleteIntegration", "INTEGRATION_DELETED")


def _add_member(world: World, team: str) -> None:
    outcome, is_done = _outcome(world)
    name, key = world.name(team, "member"), world.id()
    if is_done:
        world.things[key] = Thing(id=key, team=team, type="TeamMember", fields={"name": name, "role": "MEMBER"})
        world.record(team, "TEAM_MEMBER_ADDED", key, f"{name} was added to the team as MEMBER.")
    asked = {"name": name, "role": "MEMBER"}
    world.call(team, "addTeamMember", asked, outcome, {"member": {"id": encode_id("TeamMember", UUID(key))}})


def _change_role(world: World, team: str) -> None:
    if not (thing := _any(world, team, "TeamMember")):
        return
    outcome, is_done = _outcome(world)
    role = world.random.choice(["VIEWER", "MEMBER"])
    if is_done:
        _set(world, thing, role=role)
        world.record(team, "TEAM_MEMBER_ROLE_CHANGED", thing.id, f"Now {role}.", status=role)
    world.call(team, "changeTeamMemberRole", {"id": id_of(thing), "role": role}, outcome)


def _remove_member(world: World, team: str) -> None:
    _end(world, team, "TeamMember", "removeTeamMember", "TEAM_MEMBER_REMOVED")


def _end(world: World, team: str, kind: str, name: str, happened: str) -> None:
    if not (thing := _any(world, team, kind)):
        return
    outcome, is_done = _outcome(world)
    if is_done:
        world.things[thing.id] = replace(world.things[thing.id], is_gone=True)
        world.record(team, happened, thing.id, "It ended.")
    world.call(team, name, {"id": id_of(thing)}, outcome)


def _report(world: World, team: str) -> None:
    """A new run, or one that was reported before."""
    outcome, is_done = _outcome(world)
    known = [run for run in world.runs.values() if run.team == team]
    is_new = not known or world.random.random() < 0.8
    run = Run(id=world.id(), team=team, monitor=f"[{team}] m", run_id=world.name(team, "run")) if is_new else known[-1]
    if is_done and is_new:
        world.runs[run.id] = run
        for thing in world.of(team, "Integration")[:2]:
            _make_delivery(world, thing, run)
    made = [delivery for delivery in world.deliveries.values() if delivery.run == run.id]
    world.call(
        team,
        "recordMonitorRun",
        {"monitorKey": run.monitor, "runId": run.run_id},
        outcome,
        {
            "run": {"id": encode_id("MonitorRun", UUID(run.id))},
            "deliveries": [{"id": encode_id("Delivery", UUID(delivery.id))} for delivery in made],
        },
    )


def _make_delivery(world: World, thing: Thing, run: Run) -> None:
    position = 1 + sum(delivery.integration == thing.id for delivery in world.deliveries.values())
    status = "SKIPPED" if thing.fields["isPaused"] else "PENDING"
    delivery = Delivery(id=world.id(), team=thing.team, integration=thing.id, run=run.id, position=position, status=status)
    world.deliveries[delivery.id] = delivery
    world.record(thing.team, "DELIVERY_CREATED", delivery.id, "A run's result.", status=status)


def _deliver(world: World, team: str) -> None:
    """Hand the oldest that waits over; now and then the process dies before it is saved, and another does it again."""
    waiting = [each for each in world.deliveries.values() if each.team == team and each.status == "PENDING"]
    if not waiting:
        return
    delivery, server = waiting[0], world.random.randrange(SERVERS)
    owner = _lease(world, delivery, server, before=None)
    world.messages.append(Message(delivery=delivery.id, workspace=f"W-{team}", at=world.now))
    if world.random.random() < 0.2:
        world.history.faults.append(Fault(name="kill", target=f"server-{server}", begun=world.now, ended=world.now + 1))
        world.now += 60.0
        owner = _lease(world, delivery, (server + 1) % SERVERS, before=owner)
        server = (server + 1) % SERVERS
        world.messages.append(Message(delivery=delivery.id, workspace=f"W-{team}", at=world.now))
    world.now += 0.5
    world.turns.append(replace(owner, at=world.now, owner=owner.now_owner, until=owner.at + 59, now_owner=None, was_open=False))
    world.deliveries[delivery.id] = replace(delivery, status="DELIVERED", successes=1)
    world.record(team, "DELIVERY_SUCCEEDED", delivery.id, "A run's result.", status="DELIVERED", previous="PENDING")


def _lease(world: World, delivery: Delivery, server: int, *, before: Turn | None) -> Turn:
    turn = Turn(
        row=f"delivery {delivery.id}",
        server=f"server-{server}",
        at=world.now,
        owner=before.now_owner if before is not None else None,
        until=before.at + 59 if before is not None else None,
        now_owner=world.id(),
    )
    world.turns.append(turn)
    return turn


def _read(world: World, team: str) -> None:
    log = [event for event in world.events if event.team == team]
    runs = [run for run in world.runs.values() if run.team == team]
    integrations = [thing for thing in world.things.values() if (thing.team, thing.type) == (team, "Integration")]
    asked: list[Thing | Run] = [*runs[-4:], *integrations[-4:]]
    answer = {
        "eventCursor": LogCursors(world.teams[team]).write([len(log)]),
        "integrations": {"nodes": [shown(thing) for thing in world.of(team, "Integration")]},
        "members": {"nodes": [shown(thing) for thing in world.of(team, "TeamMember")]},
        "nodes": [node_of(each) for each in asked],
        "events": {"nodes": [tell(event, world.teams[team]) for event in log[-5:]]},
    }
    world.call(team, "read", {"ids": [id_of(each) for each in asked]}, Outcome.OK, answer)


def _finish(world: World) -> tuple[History, Kept]:
    history, kept = world.history, world.kept
    history.settled = dict(kept.counters)
    for number, (team, topic) in enumerate((team, topic) for team in LABELS for topic in TOPICS):
        _subscribe(world, f"{team}-subscriber-{number}", team, topic)
    kept.events, kept.runs, kept.things = world.events, list(world.runs.values()), list(world.things.values())
    kept.deliveries, kept.messages, kept.turns = list(world.deliveries.values()), world.messages, world.turns
    kept.workspaces = {f"W-{team}": team for team in LABELS}
    owned: list[Event | Run | Thing | Delivery] = [*kept.events, *kept.runs, *kept.things, *kept.deliveries]
    kept.owners = {each.id: each.team for each in owned} | {str(key): team for team, key in world.teams.items()}
    return history, kept


def _subscribe(world: World, name: str, team: str, topic: str) -> None:
    types = TOPICS[topic]
    after = world.random.randint(0, 3)
    world.history.attached.append(Attached(subscriber=name, team=team, topic=topic, after=after, at=world.now))
    for event in world.events:
        if event.team == team and event.sequence > after and (types is None or event.type in types):
            at = world.times[event.id] + world.random.uniform(0.01, 2)
            told = tell(event, world.teams[team])
            world.history.heard.append(Heard(subscriber=name, at=at, told=told))
            if world.random.random() < 0.1:
                world.history.attached.append(Attached(subscriber=name, team=team, topic=topic, after=event.sequence, at=at))


def _any(world: World, team: str, kind: str) -> Thing | None:
    living = world.of(team, kind)
    return world.random.choice(living) if living else None


def _set(world: World, thing: Thing, **fields: Any) -> Thing:
    world.things[thing.id] = replace(thing, fields={**thing.fields, **fields})
    return world.things[thing.id]
