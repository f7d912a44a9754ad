"""Rows that are read by statements written once, against what Tortoise reads."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.access.callers import Role
from app.log.events import Event
from app.storage import database
from app.storage.conditions import Comparison, RowComparison, stored
from app.storage.records import columns_of
from app.storage.statements import read_first, read_first_of_each, read_rows
from app.teams.models import AccessToken, Member, Team

NOW = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database")


async def store_member(name: str, *, left_at: datetime | None = None) -> Member:
    team_id, member_id = uuid4(), uuid4()

    async def store(connection: BaseDBAsyncClient) -> Member:
        await Team.create(id=team_id, name=f"Team of {name}", created_at=NOW, using_db=connection)
        member = await Member.create(
            id=member_id,
            team_id=team_id,
            name=name,
            email=name,
            role=Role.MEMBER,
            joined_at=NOW,
            left_at=left_at,
            using_db=connection,
        )
        await AccessToken.create(
            id=uuid4(),
            member_id=member_id,
            name="CI",
            hash=name,
            last_four="1234",
            scope_names="READ",
            created_at=NOW,
            expires_at=NOW,
            using_db=connection,
        )
        return member

    return await database.write(store)


async def store_events(team_id: UUID, subjects: Sequence[UUID]) -> None:
    rows = [
        Event(
            id=uuid4(),
            team_id=team_id,
            sequence=number,
            type="A",
            occurred_at=NOW + timedelta(seconds=number % 3),
            subject_id=subject,
            summary="",
        )
        for number, subject in enumerate(subjects)
    ]
    await database.write(lambda connection: Event.bulk_create(rows, using_db=connection))


async def test_a_row_has_its_models_columns_and_words() -> None:
    member = await store_member("ada", left_at=NOW)

    [row] = await read_rows(Member, [member.id, uuid4()], by="id", conditions={"team_id": member.team_id})
    [of_orm] = await Member.filter(id=member.id)

    assert {name: getattr(row, name) for name in columns_of(Member)} == {
        name: getattr(of_orm, name) for name in columns_of(Member)
    }
    assert row.has_left
    assert row.role is Role.MEMBER


async def test_the_same_statement_is_asked_with_other_values() -> None:
    ada, bob = await store_member("ada"), await store_member("bob")

    found = [
        await read_rows(Member, [ada.id, bob.id], by="id", conditions={"team_id": team}) for team in (ada.team_id, bob.team_id)
    ]

    assert [[row.name for row in rows] for rows in found] == [["ada"], ["bob"]]


async def test_conditions_that_differ_by_more_than_ids_are_other_statements() -> None:
    await store_member("ada")
    await store_member("bob", left_at=NOW)

    present, gone, nobody = [
        await read_rows(Member, ["ada", "bob"], by="email", conditions=conditions)
        for conditions in ({"left_at": None}, {"left_at__isnull": False}, {"role": Role.ADMIN})
    ]

    assert [[row.name for row in rows] for rows in (present, gone, nobody)] == [["ada"], ["bob"], []]


async def test_no_rows_have_no_keys() -> None:
    await store_member("ada")

    found = await read_rows(Member, [], by="id", conditions={"left_at__isnull": True})
    first = await read_first_of_each(Member.filter(left_at__isnull=True), [], by="team_id", order=("id",), most=1)

    assert [*found, *first] == []


async def test_columns_of_a_related_row_are_read_with_it() -> None:
    member = await store_member("ada")

    [row] = await read_rows(AccessToken, ["ada"], by="hash", conditions={}, columns=("id", "member__role", "member__team_id"))

    related = [getattr(row, name) for name in ("member__role", "member__team_id")]
    assert related == [Role.MEMBER, member.team_id]


@pytest.mark.parametrize("order", [("sequence",), ("-occurred_at", "sequence")])
async def test_the_first_rows_come_in_their_order(order: tuple[str, ...]) -> None:
    team_id, subjects = uuid4(), [uuid4() for _ in range(3)]
    await store_events(team_id, [subjects[number % 3] for number in range(9)])
    await store_events(uuid4(), subjects)
    rows = Event.filter(team_id=team_id)

    first = await read_first(rows, order=order, most=4)
    of_each = await read_first_of_each(rows, subjects[:2], by="subject_id", order=order, most=2)
    later = await read_first(rows, order=order, most=3, behind=4)

    in_order = [row.sequence for row in await rows.order_by(*order)]
    assert [row.sequence for row in first] == in_order[:4]
    assert [row.sequence for row in later] == in_order[4:7]
    for subject in subjects[:2]:
        own = await rows.filter(subject_id=subject).order_by(*order).limit(2)
        assert [row.sequence for row in of_each if row.subject_id == subject] == [row.sequence for row in own]
    assert {row.subject_id for row in of_each} == set(subjects[:2])


@pytest.mark.parametrize("comparison", [">", ">=", "<", "<="])
@pytest.mark.parametrize("is_rare", [False, True])
async def test_rows_on_one_side_of_a_place_in_their_order(comparison: Comparison, is_rare: bool) -> None:
    columns, team_id = ("occurred_at", "sequence"), uuid4()
    await store_events(team_id, [uuid4() for _ in range(6)])
    in_order = await Event.filter(team_id=team_id).order_by(*columns)
    for place in (3, 1):  # the second time by the statement that was written for the first
        values = stored(Event, columns, [in_order[place].occurred_at, in_order[place].sequence])
        rows = Event.filter(RowComparison(columns, comparison, values), team_id=team_id)

        read = await read_first(rows, order=columns, most=10, columns=("id", *columns), is_rare=is_rare)

        behind, before = in_order[place + (comparison == ">") :], in_order[: place + (comparison == "<=")]
        expected = behind if comparison.startswith(">") else before
        assert [row.sequence for row in read] == [row.sequence for row in expected]
