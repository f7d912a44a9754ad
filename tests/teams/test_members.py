import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.access.callers import Role, Scope
from app.errors import Refusal, UserErrorCode
from app.log.actors import Actor
from app.log.events import Change, Events
from app.sealing.secret import Secret
from app.services import Services
from app.teams.adding import add_member
from app.teams.changing_roles import change_role
from app.teams.creating_tokens import create as create_access_token
from app.teams.events import MemberRemoved
from app.teams.founding import create_team
from app.teams.models import AccessToken, BrowserSession, Member, SignInLink, Team
from app.teams.removing import remove_member
from app.teams.sign_in_links import find_link, make_sign_in_link, use_sign_in_link
from tests.held import HeldClock
from tests.teams.people import by_session, found, join, log, rows


def secret_of(link: Secret) -> Secret:
    return Secret(link.reveal().rpartition("/")[2])


async def test_a_team_is_founded_with_its_first_admin_in_one_change(services: Services, clock: HeldClock) -> None:
    founded = await create_team(name="  Orbit ", admin_name="Ada", admin_email=" Ada@Example.COM ", services=services)

    team, admin = await Team.get(), await Member.get()
    assert (team.id, team.name, team.created_at) == (founded.team.id, "Orbit", clock.now())
    assert (admin.id, admin.team_id, admin.email, admin.role) == (founded.admin.id, team.id, "ada@example.com", Role.ADMIN)
    assert (admin.joined_at, admin.left_at) == (clock.now(), None)
    assert await log() == [("TEAM_MEMBER_ADDED", "Ada was added to the team as ADMIN.")]


async def test_two_teams_cannot_have_the_same_name(services: Services) -> None:
    await found(services)
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await create_team(name="Orbit", admin_name="Eve", admin_email="eve@example.com", services=services)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.ALREADY_EXISTS, ("name",))
    assert await rows() == before


async def test_of_many_who_found_the_same_team_at_once_one_does(services: Services) -> None:
    outcomes = await asyncio.gather(*(found(services) for _ in range(5)), return_exceptions=True)

    assert [isinstance(outcome, Refusal) for outcome in outcomes].count(False) == 1
    assert (await Team.all().count(), await Member.all().count()) == (1, 1)


@pytest.mark.parametrize(
    ("name", "email", "field"),
    [("", "eve@example.com", "name"), ("x" * 201, "eve@example.com", "name"), ("Eve", "eve", "email")],
)
async def test_what_makes_no_sense_is_not_added(services: Services, name: str, email: str, field: str) -> None:
    team = (await found(services)).team
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await add_member(team_id=team.id, actor=None, name=name, email=email, role=Role.MEMBER, services=services)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, (field,))
    assert await rows() == before


async def test_a_new_member_gets_a_link_that_signs_their_browser_in_within_a_day(services: Services, clock: HeldClock) -> None:
    founded = await found(services)

    invited = await add_member(
        team_id=founded.team.id,
        actor=Actor(founded.admin.id),
        name="Bob",
        email="bob@example.com",
        role=Role.MEMBER,
        services=services,
    )

    assert invited.invite_url.reveal().startswith("http://127.0.0.1:8000/sign-in/")
    clock.advance(timedelta(hours=23, minutes=59))
    assert await find_link(secret_of(invited.invite_url), services=services) == invited.member
    clock.advance(timedelta(minutes=1))
    assert await find_link(secret_of(invited.invite_url), services=services) is None


async def test_an_address_is_one_member_however_it_is_spelled(services: Services) -> None:
    team = (await found(services)).team
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await add_member(
            team_id=team.id, actor=None, name="Another Ada", email="ADA@example.com", role=Role.VIEWER, services=services
        )

    assert (refused.value.code, refused.value.field) == (UserErrorCode.ALREADY_EXISTS, ("email",))
    assert await rows() == before


async def test_the_same_address_in_another_team_is_another_member(services: Services) -> None:
    await found(services)

    await found(services, name="Another")

    assert await Member.filter(email="ada@example.com").count() == 2


async def test_who_left_and_is_added_again_is_the_same_member(services: Services, clock: HeldClock) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.ADMIN)
    await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=services)
    clock.advance(timedelta(days=1))

    again = await add_member(
        team_id=team.id, actor=None, name="Robert", email="Bob@example.com", role=Role.VIEWER, services=services
    )

    row = await Member.get(id=bob.id)
    assert again.member.id == bob.id
    assert (row.name, row.role, row.joined_at, row.left_at) == ("Robert", Role.VIEWER, clock.now(), None)
    assert await Member.all().count() == 2


async def test_a_changed_role_is_told_and_the_same_role_is_not(services: Services) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)

    for _ in range(2):
        await change_role(team_id=team.id, actor=None, member_id=bob.id, role=Role.VIEWER, services=services)

    assert (await Member.get(id=bob.id)).role is Role.VIEWER
    assert (await log())[2:] == [("TEAM_MEMBER_ROLE_CHANGED", "Bob is now VIEWER (was MEMBER).")]


async def test_a_smaller_role_keeps_tokens_and_sessions(services: Services) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    await sign_everywhere(bob, services=services)

    await change_role(team_id=team.id, actor=None, member_id=bob.id, role=Role.VIEWER, services=services)

    assert await AccessToken.filter(revoked_at=None).count() == 1
    assert await BrowserSession.filter(ended_at=None).count() == 1


async def test_a_removed_member_is_signed_out_everywhere_at_once(services: Services, clock: HeldClock) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    link = await sign_everywhere(bob, services=services)

    removed = await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=services)

    assert removed.left_at == clock.now()
    assert await AccessToken.filter(revoked_at=None).count() == 0
    assert await BrowserSession.filter(ended_at=None).count() == 0
    assert await SignInLink.filter(used_at=None).count() == 0
    assert await use_sign_in_link(secret_of(link), services=services) is None
    assert (await log())[-1] == ("TEAM_MEMBER_REMOVED", "Bob left the team.")


async def test_coming_back_brings_no_token_or_session_back(services: Services) -> None:
    team = (await found(services)).team
    bob = await join(services, team, name="Bob", role=Role.MEMBER)
    await sign_everywhere(bob, services=services)
    await remove_member(team_id=team.id, actor=None, member_id=bob.id, services=services)

    await join(services, team, name="Bob", role=Role.MEMBER)

    assert await AccessToken.filter(revoked_at=None).count() == 0
    assert await BrowserSession.filter(ended_at=None).count() == 0
    assert await SignInLink.filter(used_at=None).count() == 1  # the new invitation


async def test_others_stay_signed_in_when_a_member_leaves(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    await sign_everywhere(founded.admin, services=services)

    await remove_member(team_id=founded.team.id, actor=None, member_id=bob.id, services=services)

    assert await AccessToken.filter(revoked_at=None).count() == 1
    assert await BrowserSession.filter(ended_at=None).count() == 1


async def test_the_last_admin_is_neither_demoted_nor_removed(services: Services) -> None:
    founded = await found(services)
    await join(services, founded.team, name="Bob", role=Role.MEMBER)
    team_id, admin_id = founded.team.id, founded.admin.id
    before = await rows()

    with pytest.raises(Refusal) as demoted:
        await change_role(team_id=team_id, actor=Actor(admin_id), member_id=admin_id, role=Role.MEMBER, services=services)
    with pytest.raises(Refusal) as removed:
        await remove_member(team_id=team_id, actor=Actor(admin_id), member_id=admin_id, services=services)

    assert (demoted.value.code, removed.value.code) == (UserErrorCode.CONFLICT, UserErrorCode.CONFLICT)
    assert await rows() == before


@pytest.mark.parametrize("by_command_line", [True, False])
async def test_admins_who_demote_each_other_at_once_leave_one(services: Services, by_command_line: bool) -> None:
    founded = await found(services)
    others = [await join(services, founded.team, name=name, role=Role.ADMIN) for name in ("Bob", "Cid", "Dan")]
    ring = [founded.admin, *others]

    outcomes = await asyncio.gather(
        *(
            change_role(
                team_id=founded.team.id,
                actor=None if by_command_line else Actor(ring[place - 1].id),
                member_id=member.id,
                role=Role.MEMBER,
                services=services,
            )
            for place, member in enumerate(ring)
        ),
        return_exceptions=True,
    )

    assert await Member.filter(role=Role.ADMIN).count() >= 1
    refusals = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(refusals) == await Member.filter(role=Role.ADMIN).count()
    assert set(refusals) <= {UserErrorCode.CONFLICT, UserErrorCode.FORBIDDEN}
    if by_command_line:
        assert refusals == [UserErrorCode.CONFLICT]


async def test_who_is_no_admin_any_more_by_the_time_of_the_change_is_refused(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    before = await rows()

    for attempt in (
        add_member(team_id=founded.team.id, actor=Actor(bob.id), name="Eve", email="e@x", role=Role.ADMIN, services=services),
        change_role(team_id=founded.team.id, actor=Actor(bob.id), member_id=bob.id, role=Role.ADMIN, services=services),
        remove_member(team_id=founded.team.id, actor=Actor(bob.id), member_id=founded.admin.id, services=services),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code is UserErrorCode.FORBIDDEN

    assert await rows() == before


async def test_another_teams_members_and_unknown_and_former_ones_are_not_found(services: Services) -> None:
    team = (await found(services)).team
    stranger = (await found(services, name="Another")).admin
    former = await join(services, team, name="Bob", role=Role.MEMBER)
    await remove_member(team_id=team.id, actor=None, member_id=former.id, services=services)
    before = await rows()

    for member_id in (stranger.id, former.id, uuid4()):
        for attempt in (
            change_role(team_id=team.id, actor=None, member_id=member_id, role=Role.VIEWER, services=services),
            remove_member(team_id=team.id, actor=None, member_id=member_id, services=services),
        ):
            with pytest.raises(Refusal) as refused:
                await attempt
            assert (refused.value.code, refused.value.field) == (UserErrorCode.NOT_FOUND, ("id",))

    assert await rows() == before


async def test_whoever_reacts_to_a_removal_stands_in_its_transaction(services: Services, clock: HeldClock) -> None:
    seen: list[UUID] = []

    async def object_(change: Change, domain_event: MemberRemoved) -> None:
        seen.append(domain_event.member_id)
        assert change.now == clock.now()
        raise LookupError

    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    before = await rows()
    objecting = Events(clock=clock, reactions={MemberRemoved: (object_,)}, wake=lambda _: None)

    with pytest.raises(LookupError):
        await remove_member(team_id=founded.team.id, actor=None, member_id=bob.id, services=replace(services, events=objecting))

    assert seen == [bob.id]
    assert await rows() == before


async def sign_everywhere(member: Member, *, services: Services) -> Secret:
    """Give the member a token, a session and a link that is not used yet; return the link."""
    await create_access_token(caller=by_session(member), name="CI", scopes={Scope.READ}, expires_in_days=1, services=services)
    used = await make_sign_in_link(member_id=member.id, services=services)
    assert await use_sign_in_link(secret_of(used), services=services) is not None
    return await make_sign_in_link(member_id=member.id, services=services)
