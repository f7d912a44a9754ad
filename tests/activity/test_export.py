import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.access.callers import Role
from app.access.refusals import AccessRefused
from app.activity.export import PAGE_SIZE, Wanted, lines
from app.console.exporting import export
from app.errors import StatedProblem
from app.graphql.context import Context
from app.graphql.ids import encode_id
from app.graphql.streams import LogCursors
from app.log.actors import Actor, EventOrigin
from app.log.events import Event
from app.log.horizon import OLD_EVENTS
from app.log.retention import remove_old
from app.service.schema import build_schema
from app.services import Services
from app.teams.changing_roles import change_role
from app.teams.founding import Founded
from tests.activity.logs import DAY, Entry, Log
from tests.callers import JSON
from tests.held import HeldClock
from tests.teams.people import by_session, found, join

ORIGIN = EventOrigin("192.0.2.7", "curl", "a1b2")
READ = """
{ events(first: 100) { nodes {
  cursor id sequence type occurredAt subjectId summary actor { id } origin { address userAgent tokenLastFour }
} } }"""


@pytest.fixture
async def orbit(services: Services) -> Founded:
    return await found(services)


async def exported(wanted: Wanted | None = None) -> list[JSON]:
    return [json.loads(line) async for line in lines(wanted or Wanted())]


async def log_of(founded: Founded, services: Services) -> Log:
    return Log(services, founded.team.id, list(await Event.filter(team_id=founded.team.id)))


def numbers(events: Sequence[JSON]) -> list[int]:
    return [event["sequence"] for event in events]


async def test_a_line_has_what_the_api_shows_to_an_admin_in_the_same_words(services: Services, orbit: Founded) -> None:
    bob = await join(services, orbit.team, name="Bob", role=Role.MEMBER)
    await change_role(
        team_id=orbit.team.id, actor=Actor(orbit.admin.id, ORIGIN), member_id=bob.id, role=Role.VIEWER, services=services
    )

    told = await exported()

    context = Context(caller=by_session(orbit.admin), services=services, request_id="1")
    answer = await build_schema().execute(READ, context_value=context)
    assert answer.data is not None
    for line, node in zip(told, answer.data["events"]["nodes"], strict=True):
        actor = node.pop("actor")
        assert line["actorId"] == (actor["id"] if actor is not None else None)
        assert node == {name: line[name] for name in node}
    assert told[-1] | {"cursor": "", "id": "", "occurredAt": ""} == {
        "cursor": "",
        "id": "",
        "teamId": encode_id("Team", orbit.team.id),
        "sequence": 3,
        "type": "TEAM_MEMBER_ROLE_CHANGED",
        "occurredAt": "",
        "actorId": encode_id("TeamMember", orbit.admin.id),
        "subjectId": encode_id("TeamMember", bob.id),
        "integrationId": None,
        "summary": "Bob is now VIEWER (was MEMBER).",
        "status": "VIEWER",
        "previousStatus": "MEMBER",
        "reason": None,
        "message": None,
        "action": None,
        "times": None,
        "origin": {"address": "192.0.2.7", "userAgent": "curl", "tokenLastFour": "a1b2"},
    }


async def test_a_refusal_tells_what_and_how_often(services: Services, orbit: Founded) -> None:
    refused = AccessRefused(orbit.admin.id, "deleteInstalledApp", 12, "No.")
    await services.events.change(orbit.team.id, lambda change: change.record(refused))

    event = (await exported())[-1]

    assert (event["type"], event["action"], event["times"]) == ("REFUSED", "deleteInstalledApp", 12)
    assert event["subjectId"] == encode_id("TeamMember", orbit.admin.id)


async def test_a_log_of_any_length_is_told_whole_and_in_order(services: Services, orbit: Founded) -> None:
    log = await log_of(orbit, services)
    await log.write([Entry("DELIVERY_CREATED")] * (2 * PAGE_SIZE + 1))

    told = await exported()

    assert numbers(told) == list(range(1, 2 * PAGE_SIZE + 3))
    assert [event["cursor"] for event in told] == [LogCursors(orbit.team.id).write([number]) for number in numbers(told)]


@pytest.mark.parametrize("is_of_one_team", [True, False])
async def test_an_export_that_broke_off_goes_on_behind_its_last_line(
    services: Services, orbit: Founded, *, is_of_one_team: bool
) -> None:
    for founded in (orbit, await found(services, name="Acme"), await found(services, name="Zenith")):
        await (await log_of(founded, services)).write([Entry("DELIVERY_CREATED")] * 4)
    team_id = orbit.team.id if is_of_one_team else None
    whole = await exported(Wanted(team_id))

    for at, event in enumerate(whole):
        assert await exported(Wanted(team_id, after=event["cursor"])) == whole[at + 1 :]

    assert len(whole) == (5 if is_of_one_team else 15)
    assert await exported(Wanted(team_id)) == whole


async def test_what_happens_after_an_export_is_behind_its_last_line(services: Services, orbit: Founded) -> None:
    before = await exported(Wanted(orbit.team.id))
    await join(services, orbit.team, name="Bob", role=Role.MEMBER)

    after = await exported(Wanted(orbit.team.id, after=before[-1]["cursor"]))

    assert [event["summary"] for event in after] == ["Bob was added to the team as MEMBER."]
    assert await exported(Wanted(orbit.team.id, after=after[-1]["cursor"])) == []


async def test_since_a_moment_that_moment_is_in_it(services: Services, orbit: Founded, clock: HeldClock) -> None:
    clock.advance(timedelta(hours=1))
    await join(services, orbit.team, name="Bob", role=Role.MEMBER)
    since = clock.now()

    assert numbers(await exported(Wanted(since=since))) == [2]
    assert numbers(await exported(Wanted(since=since + timedelta(milliseconds=1)))) == []
    assert numbers(await exported(Wanted(since=since - timedelta(hours=1)))) == [1, 2]


async def test_a_cursor_that_is_none_of_the_log_is_a_stated_problem(services: Services, orbit: Founded) -> None:
    other = await found(services, name="Acme")
    said: list[str] = []

    for after in ("", "nonsense", "W10", encode_id("Event", orbit.team.id)):
        with pytest.raises(StatedProblem, match="--after takes the `cursor` of a line"):
            await export(team="Orbit", after=after, since=None, say=said.append)
    with pytest.raises(StatedProblem, match="another team's log"):
        await export(team="Orbit", after=LogCursors(other.team.id).write([0]), since=None, say=said.append)
    with pytest.raises(StatedProblem, match="There is no team named Nobody"):
        await export(team="Nobody", after=None, since=None, say=said.append)

    assert said == []


async def test_a_gap_that_retention_has_made_behind_the_cursor_is_told_and_not_passed_over(
    services: Services, orbit: Founded, clock: HeldClock
) -> None:
    clock.advance(DAY)
    await join(services, orbit.team, name="Bob", role=Role.MEMBER)
    clock.advance(400 * DAY - timedelta(hours=1))
    await remove_old([OLD_EVENTS], events=services.events)
    said: list[str] = []

    with pytest.raises(StatedProblem, match="export with --since"):
        await export(team="Orbit", after=LogCursors(orbit.team.id).write([0]), since=None, say=said.append)
    await export(team="Orbit", after=LogCursors(orbit.team.id).write([1]), since=None, say=said.append)
    await export(team="Orbit", after=None, since=None, say=said.append)

    assert [json.loads(line)["sequence"] for line in said] == [2, 2]


async def test_standard_output_that_is_full_is_a_stated_problem(orbit: Founded) -> None:
    def fill(_: str) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StatedProblem, match="No space left on device"):
        await export(team=orbit.team.name, after=None, since=None, say=fill)
