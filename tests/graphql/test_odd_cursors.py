"""Cursors that a list never gave out, well made and of odd values: of every list, on the database that there is."""

import json
from collections.abc import Iterator, Sequence
from itertools import product
from uuid import uuid4

import pytest
from tortoise.models import Model

from app.deliveries.models import Delivery
from app.errors import BadUserInput, CursorInvalid
from app.graphql.connections import Arguments, ForwardArguments
from app.graphql.cursors import ColumnCursors
from app.graphql.ids import encode_key
from app.graphql.pages import NEWEST_FIRST, paginate, paginate_each
from app.graphql.provider_pages import from_provider_pages
from app.graphql.streams import LogCursors
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.log.events import Event
from app.monitors.loaders import LATEST_FIRST
from app.monitors.models import Monitor, MonitorRun
from app.teams.loaders import OLDEST_FIRST
from app.teams.models import AccessToken, Member

LISTS: dict[str, tuple[type[Model], Sequence[str]]] = {
    "installed apps": (InstalledApp, NEWEST_FIRST),
    "integrations": (Integration, NEWEST_FIRST),
    "monitors": (Monitor, NEWEST_FIRST),
    "runs": (MonitorRun, LATEST_FIRST),
    "deliveries": (Delivery, NEWEST_FIRST),
    "members": (Member, OLDEST_FIRST),
    "access tokens": (AccessToken, NEWEST_FIRST),
    "numbers": (Event, ("sequence",)),
    "texts": (Event, ("type", "id")),
}
MOMENTS = (
    "0001-01-01T00:00:00+00:00",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999+00:00",
    "9999-12-31T23:59:59.999999-14:00",
    "9999-12-31T24:00:00Z",
    "10000-01-01T00:00:00Z",
    "-001-01-01T00:00:00Z",
    "2026-W47-6T10:00:00Z",
    "2026-11-21T10:00:00",
    "2026-11-21",
)
NUMBERS = (0, -1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63), 2**63, 2**64, 10**4_000, 1.5, 1e308, True)
TEXTS = ("", "x", "\0", "a\0b", "\ud800", "\U0001f600", "x" * 2_000, "f" * 32, "{" + "0" * 32 + "}", "\u0663" * 32)
ODD: tuple[object, ...] = (*MOMENTS, *NUMBERS, *TEXTS, None, [], {}, [[]], float("nan"), float("inf"))


def cursor(position: object) -> str:
    return encode_key("Cursor", json.dumps(position))


def positions(model: type[Model], order: Sequence[str]) -> Iterator[Sequence[object]]:
    """Yield positions of the very list: every odd value in every column, beside values that fit the others and that do not."""
    own = ColumnCursors(model, order).number
    yield from ([own, *values] for values in product(ODD, repeat=len(order)))
    yield from ([own], [own, *["x"] * 9], [str(own)], [])


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.usefixtures("database")
async def test_no_position_is_more_than_bad_input(name: str) -> None:
    model, order = LISTS[name]
    told: set[type[Exception]] = set()

    for position in positions(model, order):
        for arguments in ({"first": 1, "after": cursor(position)}, {"last": 1, "before": cursor(position)}):
            try:
                await paginate(model.all(), Arguments.check(**arguments), order=order)  # type: ignore[arg-type]
            except BadUserInput as refused:
                told.add(type(refused))

    assert told == {BadUserInput}


@pytest.mark.usefixtures("database")
async def test_no_position_in_a_list_of_each_is_more_than_bad_input() -> None:
    for position in positions(MonitorRun, LATEST_FIRST):
        try:
            pages = await paginate_each(
                MonitorRun.all(),
                [(uuid4(), Arguments.check(first=1, after=cursor(position)))],
                by="monitor_id",
                order=LATEST_FIRST,
            )
        except BadUserInput:
            continue
        assert [page.rows for page in pages] == [[]]


@pytest.mark.usefixtures("database")
async def test_no_position_of_a_log_is_more_than_bad_input() -> None:
    team = uuid4()

    for values in (*product(("log", "Log", None), (team.hex, *TEXTS), (*NUMBERS, *MOMENTS)), ("log", team.hex), ()):
        try:
            await paginate(
                Event.all(), Arguments.check(first=1, after=cursor(list(values))), order=("sequence",), cursors=LogCursors(team)
            )
        except (BadUserInput, CursorInvalid):
            continue


async def test_a_providers_cursor_has_nothing_that_no_address_takes() -> None:
    async def fetch(position: str | None, _: int) -> tuple[Sequence[str], str | None]:
        assert position is not None
        position.encode()
        assert "\0" not in position
        return [], None

    for value, skip in product(ODD, (*NUMBERS, "0")):
        try:
            await from_provider_pages(fetch, ForwardArguments.check(first=1, after=cursor([value, skip])))
        except BadUserInput:
            continue
        except AssertionError:
            assert value is None
