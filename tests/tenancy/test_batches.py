"""Every batch function: of another team's keys it says what it says of keys that there are not."""

from typing import Any
from uuid import UUID

from app.access.callers import Role
from app.teams.models import Team
from tests.installed_apps.world import World, make_people
from tests.teams.people import by_session, join
from tests.tenancy.batches import batches
from tests.tenancy.kept import Rows, rows_by_team
from tests.tenancy.teams import OURS, THEIRS, furnish
from tests.tenancy.values import NOBODYS

BATCHES = batches()
OF_A_MEMBER = (
    "access_tokens",
    "access_token_pages",
    "authorizations",
    "connected_account_pages",
    "own_grants",
    "own_authorizations",
)
"""How the names of those end that read what is one member's own."""

OF_NO_TEAM = ("app.catalogue.schema._providers", "app.integrations.kinds.schema._kinds")
"""What everybody reads alike: no team has any of it."""

NOTHING = {UUID: NOBODYS, str: NOBODYS.hex}


def test_the_service_has_such_functions_and_their_keys_are_known() -> None:
    assert len(BATCHES) >= 30
    assert [each.name for each in BATCHES if not each.takes_page and each.key not in NOTHING] == []


async def test_of_another_teams_keys_none_says_anything_and_each_knows_its_own(world: World) -> None:
    theirs = await furnish(world, await make_people(world.services, name="Comet"), THEIRS)
    await furnish(world, world.people, OURS)
    rows = await rows_by_team()
    people = world.people
    foreign, own = _values(rows[theirs.people.team_id]), _values(rows[people.team_id])

    findings: list[str] = []
    for batch in BATCHES:
        kind = UUID if batch.takes_page else batch.key
        known = 0
        for caller in (people.ada, people.bob, people.vera):
            context = world.context(caller)
            [nothing] = await batch.ask([NOTHING[kind]], context=context)
            told = await batch.ask(sorted(foreign[kind] - own[kind], key=str), context=context)
            findings += [f"{batch.name} tells of another team: {answer}" for answer in told if answer != nothing]
            known += sum(answer != nothing for answer in await batch.ask(sorted(own[kind], key=str), context=context))
        if not known and batch.name not in OF_NO_TEAM:
            findings.append(f"{batch.name} knows nothing of its own team")

    assert findings == []


async def test_what_is_a_members_own_no_other_member_is_told(world: World) -> None:
    """A colleague who has begun nothing asks with every key of the team."""
    await furnish(world, world.people, OURS)
    dave = by_session(await join(world.services, await Team.get(id=world.people.team_id), name="Dave", role=Role.ADMIN))
    keys = sorted(_values((await rows_by_team())[world.people.team_id])[UUID], key=str)

    told = {
        batch.name: [answer for answer in await batch.ask(keys, context=world.context(dave)) if answer not in (None, ([], 0))]
        for batch in BATCHES
        if batch.name.endswith(OF_A_MEMBER)
    }

    assert len(told) >= len(OF_A_MEMBER)
    assert {name: answers for name, answers in told.items() if answers} == {}


def _values(rows: Rows) -> dict[type, set[Any]]:
    """Return every key and every text that stands in a team's rows."""
    values = [value for table in rows.values() for row in table.values() for _, value in row]
    return {kind: {value for value in values if isinstance(value, kind)} for kind in NOTHING}
