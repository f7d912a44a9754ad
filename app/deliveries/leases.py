"""Who works on which deliveries: rows are leased, so that several workers never have the same one, and one that dies loses it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Generic, TypeVar
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q, RawSQL, Subquery
from tortoise.queryset import QuerySet

from app.clock import APART
from app.deliveries.due import is_any_due
from app.deliveries.models import HELD_BACK_BY, WAITING, WAITING_IN_SQL, Delivery, Pace, Queued, table_of
from app.deliveries.targets import targets_of
from app.integrations.kinds.contract import Target
from app.integrations.models import Integration
from app.sign_ins.models import Grant
from app.storage import database
from app.storage.scheduling import unleased
from app.storage.slots import Claimant, Room
from app.storage.together import Saving, Write, write_together
from app.storage.written import Written

T = TypeVar("T")
Q_co = TypeVar("Q_co", bound=Queued, covariant=True)

LEASE = timedelta(seconds=60)

_SOME_BEHIND = 4
"""How many more are looked at than there is room for: one that is behind another, or one too many of a grant, is not taken."""


@dataclass(frozen=True)
class Lease:
    """The right to attempt one delivery until a moment. Others have it behind that moment. `model` is what it is a row of."""

    model: type[Queued]
    delivery_id: UUID
    integration_id: UUID
    team_id: UUID
    owner: UUID
    until: datetime
    claimant: Claimant
    target: Target
    made: "Candidate[Delivery] | None" = None
    """What was leased, where that is of the very change that made it: nobody has had it since."""


@dataclass(frozen=True)
class Taken:
    """The deliveries that a worker got, and how many more were due and put off.

    Those channels were written to just now, or another of the same integration goes before.
    """

    leases: Sequence[Lease]
    defer: int


@dataclass(frozen=True)
class Candidate(Generic[Q_co]):
    """A delivery that nothing in its integration goes before, and where it goes to: with that `grant`, where it was read."""

    delivery: Q_co
    claimant: Claimant
    target: Target
    grant: Grant | None = None

    def lease(self, *, owner: UUID, until: datetime) -> Lease:
        of = self.delivery
        return Lease(type(of), of.id, of.integration_id, of.team_id, owner, until, self.claimant, self.target)


async def take_due(*, owner: UUID, now: datetime, room: Room, model: type[Queued] = Delivery, looks_first: bool = False) -> Taken:
    """Lease due deliveries that nothing in their integrations goes before, and claim their channels' pace too.

    So many as there is room for, and of no origin and no grant more than its share; the longest due first. `looks_first`: for who
    finds nothing most often, so that nothing costs one statement and no transaction, and something costs that statement more.
    """
    if looks_first and not await is_any_due(model, now=now, lease=LEASE):
        return Taken((), 0)

    async def take(_: BaseDBAsyncClient) -> Taken:
        found = await _due(model, now, room) or await _due_by_another_clock(model, now, room)
        behind = await _hold_back(model, [each for each in found if _ahead_of(each) is not None])
        candidates = await _choose([each for each in found if _ahead_of(each) is None], room=room)
        paced = await _claim_paces([each.target for each in candidates], now=now)
        until = now + LEASE
        granted, late = [], []
        for each in candidates:
            next_at = paced[each.target.address].pop(0)
            if next_at is None:
                granted.append(each)
            else:
                each.delivery.next_attempt_at, each.delivery.put_off_at = next_at, now
                late.append(each.delivery)
        writes: list[Write] = [Saving(each, ("next_attempt_at", "put_off_at")) for each in late]
        if granted:
            ours = model.filter(id__in=[each.delivery.id for each in granted])
            writes.append(ours.update(lease_owner=owner, lease_until=until))
        await write_together(writes)
        leases = [each.lease(owner=owner, until=until) for each in granted]
        return Taken(leases, len(late) + behind)

    return await database.write(take)


async def lease_new(made: Sequence[Candidate[Delivery]], *, owner: UUID, now: datetime, room: Room) -> Sequence[Lease]:
    """Lease what a change makes, inside of it, and claim the channels' pace: of all that is made, what has room and may go now.

    The rows are marked, and the change writes them as they then are.
    """
    chosen = [each for each, _ in _with_room([(each, each.claimant) for each in made], room=room)]
    paced = await _claim_paces([each.target for each in chosen], now=now)
    granted = [each for each in chosen if paced[each.target.address].pop(0) is None]
    until = now + LEASE
    for each in granted:
        each.delivery.lease_owner, each.delivery.lease_until = owner, until
    return [replace(each.lease(owner=owner, until=until), made=each) for each in granted]


def claimant_of(integration: Integration) -> Claimant:
    """Return whose share of the slots its deliveries take: its own grant's, or its installed app's."""
    return Claimant(integration.origin, integration.grant_id or integration.installed_app_id)


async def put_back(lease: Lease, *, after: timedelta, now: datetime) -> None:
    """Give the lease back without an attempt having been made; the delivery is due again `after` so long."""
    held = lease.model.filter(id=lease.delivery_id, lease_owner=lease.owner, status__in=WAITING)
    await database.update(held, next_attempt_at=now + after, put_off_at=now, lease_owner=None, lease_until=None)


async def _due(model: type[Queued], now: datetime, room: Room) -> list[Queued]:
    """Return what is due, the longest due first: read off the index in that order, as far as it is needed."""
    if room.full_origins or room.full_grants:
        return await _besides(_due_at(model, now, _candidates(room)), room)
    return await _of_due(model).ask(now, _candidates(room))


async def _due_by_another_clock(model: type[Queued], now: datetime, room: Room) -> list[Queued]:
    """Return what a clock put off that was set back since: it is not waited for."""
    if room.full_origins or room.full_grants:
        return await _besides(_put_off_at(model, now, _candidates(room)), room)
    return await _of_put_off(model).ask(now, _candidates(room))


def _candidates(room: Room) -> int:
    return room.left + _SOME_BEHIND


def _besides(due: QuerySet[Queued], room: Room) -> QuerySet[Queued]:
    return due.exclude(integration_id__in=Subquery(_with_their_share(room).values("id")))


def _due_at(model: type[Queued], now: datetime, most: int) -> QuerySet[Queued]:
    due = model.filter(unleased(now=now, lasts=LEASE), status__in=WAITING, held_back=False, next_attempt_at__lte=now)
    return _locked(due, most)


def _put_off_at(model: type[Queued], now: datetime, most: int) -> QuerySet[Queued]:
    put_off_later = Q(put_off_at__gt=now + APART) | Q(put_off_at__isnull=True, created_at__gt=now + APART)
    due = model.filter(unleased(now=now, lasts=LEASE), put_off_later, status__in=WAITING, held_back=False)
    return _locked(due, most)


def _locked(due: QuerySet[Queued], most: int) -> QuerySet[Queued]:
    table = table_of(due.model)
    in_order = due.annotate(ahead=_ahead(table)).order_by("next_attempt_at", "created_at", "id").select_related("integration")
    return in_order.limit(most).select_for_update(skip_locked=True, of=(table,))


def _ahead(table: str) -> RawSQL:
    return RawSQL(f"""(
    SELECT "ahead"."id" FROM "{table}" AS "ahead"
    WHERE "ahead"."integration_id" = "{table}"."integration_id" AND "ahead"."status" IN ({WAITING_IN_SQL})
    AND "ahead"."position" < "{table}"."position" AND "ahead"."attempt_count" < {HELD_BACK_BY} LIMIT 1
)""")  # noqa: S608 - no value from outside is in it


@cache
def _of_due(model: type[Queued]) -> Written[Queued]:
    return Written(partial(_due_at, model))


@cache
def _of_put_off(model: type[Queued]) -> Written[Queued]:
    return Written(partial(_put_off_at, model))


def _with_their_share(room: Room) -> QuerySet[Integration]:
    origins, grants = room.full_origins, room.full_grants
    return Integration.filter(Q(origin__in=origins) | Q(grant_id__in=grants) | Q(installed_app_id__in=grants))


def _ahead_of(delivery: Queued) -> UUID | None:
    """Return one of the same integration that goes before it, as the query found it."""
    ahead: UUID | None = delivery.ahead  # type: ignore[attr-defined]  # it is annotated
    return ahead


async def _hold_back(model: type[Queued], behind: Sequence[Queued]) -> int:
    """Have those not looked at again before the one ahead of each is out of their way; return how many.

    That one is locked, or left to whoever has it: settling it lets the next one go, and has to see that there is one.
    """
    if not behind:
        return 0
    ahead = model.filter(id__in=list({_ahead_of(each) for each in behind}), status__in=WAITING, attempt_count__lt=HELD_BACK_BY)
    locked = {str(each.id) for each in await ahead.order_by("id").select_for_update(skip_locked=True)}
    held = [each.id for each in behind if str(_ahead_of(each)) in locked]
    return await model.filter(id__in=held).update(held_back=True) if held else 0


async def _choose(deliveries: Sequence[Queued], *, room: Room) -> list[Candidate[Queued]]:
    """Return those that there is room for, with where they go to."""
    chosen = _with_room([(delivery, claimant_of(delivery.integration)) for delivery in deliveries], room=room)
    targets = await targets_of([delivery.integration for delivery, _ in chosen])
    return [Candidate(delivery, claimant, targets[delivery.integration_id]) for delivery, claimant in chosen]


def _with_room(wanted: Sequence[tuple[T, Claimant]], *, room: Room) -> list[tuple[T, Claimant]]:
    """Return those, with whose share they take, that there is room for: the first ones before the others."""
    left, chosen = room.copy(), []
    for each, claimant in wanted:
        if left.has(claimant):
            left.take(claimant)
            chosen.append((each, claimant))
    return chosen


async def _claim_paces(targets: Sequence[Target], *, now: datetime) -> Mapping[str, list[datetime | None]]:
    """Claim each target's address for a message at `now`, as often as it is named; one that takes any number is always right.

    Return for each address, in that order, None where that worked, else when the next may go.
    """
    by_pace: defaultdict[timedelta, set[str]] = defaultdict(set)
    for target in targets:
        if target.pace:
            by_pace[target.pace].add(target.address)
    claimed: dict[str, datetime] = {}
    for pace, addresses in sorted(by_pace.items()):
        claimed |= dict.fromkeys(await _claim(sorted(addresses), pace=pace, now=now), now + pace)
    late = {target.address for target in targets if target.pace} - claimed.keys()
    next_at = {row.channel: row.next_at for row in await Pace.filter(channel__in=list(late))} if late else {}
    answers: dict[str, list[datetime | None]] = {}
    for target in targets:
        answer = answers.setdefault(target.address, [])
        goes = not target.pace or (target.address in claimed and not answer)
        answer.append(None if goes else claimed.get(target.address) or next_at[target.address])
    return answers


async def _claim(addresses: Sequence[str], *, pace: timedelta, now: datetime) -> list[str]:
    """Have each be written to again a pace from now, and return those for which that is right: their time has come.

    Two workers lock them in the same order. One whose time was set by a clock that has been set back since is not waited for.
    """
    connection = database.current()
    mark = "?" if connection.capabilities.dialect == "sqlite" else "$"
    rows = ", ".join(f"({mark}{number}, {mark}1)" for number in range(4, 4 + len(addresses)))
    statement = f"""
INSERT INTO "pace" ("channel", "next_at") VALUES {rows}
ON CONFLICT ("channel") DO UPDATE SET "next_at" = excluded."next_at"
WHERE "pace"."next_at" <= {mark}2 OR "pace"."next_at" > {mark}3 RETURNING "channel"
"""  # noqa: S608 - no value in it
    claimed = await connection.execute_query_dict(statement, [now + pace, now, now + pace + APART, *addresses])
    return [row["channel"] for row in claimed]
