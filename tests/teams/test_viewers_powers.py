"""What a caller is told that they may do with members, and when those last signed in."""

from datetime import timedelta

from app.access.callers import Caller, Role
from app.graphql.ids import encode_id
from app.sealing.secret import Secret
from app.services import Services
from app.teams.models import Member
from app.teams.removing import remove_member
from app.teams.sign_in_links import make_sign_in_link, use_sign_in_link
from tests.held import HeldClock
from tests.teams.asking import ask
from tests.teams.people import by_session, found, join

MAY = """{ viewer { team { viewerCanAddMembers members { nodes {
  name viewerCanChangeRole viewerCanRemove viewerCanCreateSignInLink lastSignedInAt } } } } }"""


async def told(caller: Caller, services: Services) -> tuple[bool, dict[str, tuple[bool, bool, bool]]]:
    """Return whether the caller may add members, and what they may do with each."""
    team = (await ask(MAY, caller, services))["viewer"]["team"]
    names = ("viewerCanChangeRole", "viewerCanRemove", "viewerCanCreateSignInLink")
    return team["viewerCanAddMembers"], {each["name"]: tuple(each[name] for name in names) for each in team["members"]["nodes"]}


async def test_admins_may_all_but_let_the_last_of_them_go(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    ada = by_session(founded.admin)

    alone = await told(ada, services)
    eve = await join(services, founded.team, name="Eve", role=Role.ADMIN)
    together = await told(ada, services)
    await remove_member(team_id=founded.team.id, actor=None, member_id=eve.id, services=services)

    assert alone == (True, {"Ada": (False, False, True), "Bob": (True, True, True)})
    assert together == (True, dict.fromkeys(("Ada", "Bob", "Eve"), (True, True, True)))
    assert await told(ada, services) == alone
    assert await told(by_session(bob), services) == (False, dict.fromkeys(("Ada", "Bob"), (False, False, False)))


async def test_with_who_has_left_nobody_may_do_anything(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    await remove_member(team_id=founded.team.id, actor=None, member_id=bob.id, services=services)
    fields = "viewerCanChangeRole viewerCanRemove viewerCanCreateSignInLink"

    document = f'{{ node(id: "{encode_id("TeamMember", bob.id)}") {{ ... on TeamMember {{ {fields} }} }} }}'
    data = await ask(document, by_session(founded.admin), services)

    assert set(data["node"].values()) == {False}


async def test_admins_and_they_themselves_see_when_a_member_was_last_signed_in(services: Services, clock: HeldClock) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    cid = await join(services, founded.team, name="Cid", role=Role.MEMBER)

    async def seen(member: Member) -> dict[str, str | None]:
        members = (await ask(MAY, by_session(member), services))["viewer"]["team"]["members"]["nodes"]
        return {each["name"]: each["lastSignedInAt"] for each in members}

    before = await seen(founded.admin)
    clock.advance(timedelta(hours=1))
    link = (await make_sign_in_link(member_id=bob.id, services=services)).reveal().rpartition("/")[2]
    await use_sign_in_link(Secret(link), services=services)
    after = [await seen(member) for member in (founded.admin, bob, cid)]

    never = dict.fromkeys(("Ada", "Bob", "Cid"))
    once = {**never, "Bob": "2026-11-21T11:00:00.000Z"}
    assert before == never
    assert after == [once, once, never]


async def test_who_is_added_again_has_not_signed_in_since(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    link = (await make_sign_in_link(member_id=bob.id, services=services)).reveal().rpartition("/")[2]
    await use_sign_in_link(Secret(link), services=services)
    await remove_member(team_id=founded.team.id, actor=None, member_id=bob.id, services=services)

    again = await join(services, founded.team, name="Bob", role=Role.MEMBER)

    assert (again.id, (await Member.get(id=bob.id)).last_signed_in_at) == (bob.id, None)
