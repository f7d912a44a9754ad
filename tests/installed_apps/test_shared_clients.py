from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.errors import UserErrorCode
from app.installed_apps.deleting import delete
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.permissions import find_app
from app.installed_apps.reauthenticating import reauthenticate
from app.installed_apps.shared_clients import ClientEdit, add, edit
from app.log.actors import Actor
from app.log.counters import head
from app.log.events import Event
from app.sealing.secret import Secret
from app.sign_ins.completion import complete
from app.sign_ins.grants import live_grant_of
from app.sign_ins.jobs import refresh_due
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState, OAuthClient, StatusReason
from app.teams.changing_roles import change_role
from tests.installed_apps.git_servers import GITHUB, GITLAB, HOSTS, Host, give_back, own_grant
from tests.installed_apps.world import World, code_of, log_since, make_people, refusal_of
from tests.sign_ins.world import write
from tests.wires import make_authority

CLIENT = ("using", "client")


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
async def test_an_admin_stores_a_client_whose_secret_nobody_sees(world: World, host: Host) -> None:
    ada = world.people.ada
    before = await head(ada.team_id)

    app = await host.add(world, ada, name=" Our server ", url=f"{host.url(world)}/")

    base_url = host.url(world)
    kept = await InstalledApp.get(id=app.id)
    assert (kept.name, kept.connected_to, kept.url, kept.account_id) == ("Our server", base_url, base_url, base_url)
    assert (kept.status, kept.installed_by_id, kept.grant_id) == (InstalledAppStatus.ACTIVE, ada.member_id, None)
    client = await OAuthClient.get(id=kept.oauth_client_id)
    assert (client.base_url, client.origin, client.client_id) == (base_url, world.sandbox.url, host.client_id)
    assert (client.secret_hint, client.version, client.last_checked_at) == ("cret", 1, world.clock.now())
    assert host.secret.encode() not in bytes(client.sealed_secret or b"")
    assert await log_since(before, team_id=ada.team_id) == ["INSTALLED_APP_ADDED"]


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"provider": "slack"}, UserErrorCode.INVALID, (*CLIENT, "provider")),
        ({"provider": "nothing"}, UserErrorCode.INVALID, (*CLIENT, "provider")),
        ({"url": "git.example.com"}, UserErrorCode.INVALID, (*CLIENT, "url")),
        ({"url": "https://me:pw@git.example.com"}, UserErrorCode.INVALID, (*CLIENT, "url")),
        ({"url": "https://git.example.com/?a=b"}, UserErrorCode.INVALID, (*CLIENT, "url")),
        ({"url": "https://git.example.com//root"}, UserErrorCode.INVALID, (*CLIENT, "url")),
        ({"url": "http://git.example.com"}, UserErrorCode.INVALID, (*CLIENT, "url")),
        ({"client_id": "a b"}, UserErrorCode.INVALID, (*CLIENT, "clientId")),
        ({"client_id": ""}, UserErrorCode.INVALID, (*CLIENT, "clientId")),
        ({"secret": Secret("")}, UserErrorCode.INVALID, (*CLIENT, "clientSecret")),
        ({"secret": Secret("two words")}, UserErrorCode.INVALID, (*CLIENT, "clientSecret")),
        ({"certificates": "not one"}, UserErrorCode.INVALID, (*CLIENT, "caCertificates")),
        ({"certificates": "-----BEGIN PRIVATE KEY-----"}, UserErrorCode.INVALID, (*CLIENT, "caCertificates")),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_field(
    world: World, changed: dict[str, Any], code: UserErrorCode, field: tuple[str, ...]
) -> None:
    assert await code_of(GITLAB.add(world, world.people.ada, **changed)) == (code, field)


async def test_a_name_is_required(world: World) -> None:
    attempt = add(GITLAB.client(world), name=None, caller=world.people.ada, services=world.services)

    assert await code_of(attempt) == (UserErrorCode.INVALID, ("name",))


async def test_only_admins_add_and_edit(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)

    for caller in (world.people.bob, world.people.vera):
        added = GITHUB.add(world, caller)
        edited = edit(app.id, ClientEdit(), name="Mine", caller=caller, services=world.services)
        assert await code_of(added) == (UserErrorCode.FORBIDDEN, ())
        assert await code_of(edited) == (UserErrorCode.FORBIDDEN, ())


async def test_who_was_an_admin_a_moment_ago_adds_nothing(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    await GITHUB.add(world, ada)
    for caller, role in ((bob, ada.role), (ada, bob.role)):
        await change_role(
            team_id=ada.team_id, member_id=caller.member_id, actor=Actor(ada.member_id), role=role, services=world.services
        )

    assert await code_of(GITLAB.add(world, ada)) == (UserErrorCode.FORBIDDEN, ())


async def test_a_private_address_is_refused_with_the_line_that_would_allow_it(world: World) -> None:
    refused = await refusal_of(GITLAB.add(world, world.people.ada, url="https://10.1.2.3:8443/gitlab"))

    assert (refused.code, refused.field) == (UserErrorCode.ADDRESS_NOT_ALLOWED, (*CLIENT, "url"))
    assert "INSTALLED_APPS_OUTBOUND_ALLOW=10.1.2.3:8443" in refused.message


async def test_an_address_where_something_else_answers_is_refused(world: World) -> None:
    refused = await refusal_of(GITHUB.add(world, world.people.ada, url=GITLAB.url(world)))

    assert (refused.code, refused.field) == (UserErrorCode.INVALID, (*CLIENT, "url"))
    assert "No GitHub Enterprise Server" in refused.message


async def test_a_server_that_fails_is_not_saved(world: World) -> None:
    GITLAB.fault(world, "status", status=503, times=5)

    refused = await refusal_of(GITLAB.add(world, world.people.ada))

    assert (refused.code, refused.field) == (UserErrorCode.PROVIDER_UNREACHABLE, (*CLIENT, "url"))


async def test_one_address_in_two_spellings_is_one_app_of_the_team(world: World) -> None:
    await GITLAB.add(world, world.people.ada, name="Ours")

    refused = await refusal_of(GITLAB.add(world, world.people.ada, url=GITLAB.url(world).upper().replace("GITLAB", "gitlab/")))

    assert (refused.code, refused.field) == (UserErrorCode.ALREADY_EXISTS, (*CLIENT, "url"))
    assert "“Ours”" in refused.message


async def test_another_team_has_an_app_for_the_same_server(world: World) -> None:
    others = await make_people(world.services, name="Another")
    ours = await GITLAB.add(world, world.people.ada)

    theirs = await GITLAB.add(world, others.ada)

    assert theirs.id != ours.id
    assert theirs.connected_to == ours.connected_to


async def test_a_new_secret_keeps_the_authorizations_and_what_waited_goes_on_at_once(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    app = await GITLAB.add(world, ada)
    await GITLAB.sign_in(world, bob, app)
    grant = await own_grant(app, bob)
    GITLAB.renew_secret(world, "another-long-secret")
    world.clock.advance(timedelta(hours=3))
    await refresh_due(services=world.services)
    refused = await find_app(ada.team_id, app.id)
    assert (refused.status, refused.status_reason) == (
        InstalledAppStatus.NEEDS_REAUTHENTICATION,
        StatusReason.CLIENT_REFUSED,
    )
    assert (await own_grant(app, bob)).trouble is None
    before = await head(ada.team_id)

    edited = await edit(app.id, ClientEdit(secret=Secret("another-long-secret")), caller=ada, services=world.services)

    assert (edited.status, edited.status_reason) == (InstalledAppStatus.ACTIVE, None)
    assert await log_since(before, team_id=ada.team_id) == ["INSTALLED_APP_STATUS_CHANGED", "INSTALLED_APP_EDITED"]
    client = await OAuthClient.get(id=app.oauth_client_id)
    assert (client.secret_hint, client.version, client.trouble) == ("cret", 2, None)
    await refresh_due(services=world.services)
    renewed = await own_grant(app, bob)
    assert (renewed.id, renewed.version) == (grant.id, grant.version + 1)


async def test_a_new_client_id_ends_the_authorizations_and_they_are_given_back_as_the_old_client(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    app = await GITHUB.add(world, ada)
    done = await GITHUB.sign_in(world, bob, app)
    pending = await GITHUB.begin(world, ada, app)

    edited = await edit(app.id, ClientEdit(client_id="another", secret=Secret("its-secret")), caller=ada, services=world.services)

    assert edited.oauth_client_id != app.oauth_client_id
    new, old = await OAuthClient.get(id=edited.oauth_client_id), await OAuthClient.get(id=app.oauth_client_id)
    assert (new.client_id, new.version, new.secret_hint, new.ended_at) == ("another", 1, "cret", None)
    assert (new.base_url, old.ended_at) == (old.base_url, world.clock.now())
    assert (await Authorization.get(id=done.id)).status is AuthorizationStatus.REVOKED
    assert (await Authorization.get(id=pending.id)).status is AuthorizationStatus.EXPIRED
    assert (await Grant.get(id=done.grant_id)).state is GrantState.REVOKING
    await give_back(world)
    assert GITHUB.tokens(world) == []
    assert (await Grant.get(id=done.grant_id)).state is GrantState.GONE
    assert (await OAuthClient.get(id=old.id)).sealed_secret is None
    assert (await OAuthClient.get(id=new.id)).sealed_secret is not None


async def test_a_new_client_id_alone_keeps_the_secret(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)

    edited = await edit(app.id, ClientEdit(client_id="another"), caller=world.people.ada, services=world.services)

    client = await OAuthClient.get(id=edited.oauth_client_id)
    opened = await world.services.vault.open(bytes(client.sealed_secret or b""), bound_to=client.binding("sealed_secret"))
    assert opened.reveal() == GITLAB.secret


async def test_certificates_are_set_kept_and_cleared(world: World, tmp_path: Path) -> None:
    ada = world.people.ada
    pem = make_authority("git.example.com", tmp_path).pem
    app = await GITLAB.add(world, ada)

    async def kept(edited: ClientEdit) -> str | None:
        await edit(app.id, edited, caller=ada, services=world.services)
        return (await OAuthClient.get(id=app.oauth_client_id)).certificates

    assert await kept(ClientEdit(certificates=f"\n{pem}")) == pem
    assert await kept(ClientEdit(secret=Secret("another"))) == pem
    assert await kept(ClientEdit(certificates=None)) is None


async def test_an_edit_that_changes_nothing_says_nothing(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada, name="Ours")
    before = await head(app.team_id)

    same = ClientEdit(client_id=GITLAB.client_id, certificates=None)
    edited = await edit(app.id, same, name="Ours", caller=world.people.ada, services=world.services)

    assert edited.updated_at == app.updated_at
    assert await head(app.team_id) == before


async def test_an_edit_of_what_was_edited_since_is_refused(world: World) -> None:
    ada = world.people.ada
    app = await GITLAB.add(world, ada)
    await edit(app.id, ClientEdit(), name="Renamed", caller=ada, services=world.services)

    attempt = edit(
        app.id, ClientEdit(client_id="another"), expected_updated_at=app.updated_at, caller=ada, services=world.services
    )

    assert await code_of(attempt) == (UserErrorCode.CONFLICT, ("expectedUpdatedAt",))


async def test_an_app_where_members_sign_in_themselves_is_not_reauthenticated(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    slack = await world.sign_in(world.people.bob)

    attempt = reauthenticate(app.id, slack, caller=world.people.bob, services=world.services)

    assert await code_of(attempt) == (UserErrorCode.INVALID, ("id",))


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
async def test_a_deleted_app_takes_everybodys_authorization_along(world: World, host: Host) -> None:
    ada, bob, cid = world.people.ada, world.people.bob, world.people.cid
    others = await make_people(world.services, name="Another")
    app, theirs = await host.add(world, ada), await host.add(world, others.ada)
    rows = [await host.sign_in(world, bob, app, "ada"), await host.sign_in(world, cid, app, "grace")]
    kept = await host.sign_in(world, others.bob, theirs, "ada")
    pending = await host.begin(world, ada, app)

    await delete(app.id, caller=ada, services=world.services)

    assert [(await Authorization.get(id=row.id)).status for row in rows] == [AuthorizationStatus.REVOKED] * 2
    assert (await Authorization.get(id=pending.id)).status is AuthorizationStatus.EXPIRED
    assert [(await Grant.get(id=row.grant_id)).state for row in rows] == [GrantState.REVOKING] * 2
    assert (await OAuthClient.get(id=app.oauth_client_id)).sealed_secret is not None
    await give_back(world)
    assert [each["user"] for each in host.tokens(world)] == ["ada"]
    client = await OAuthClient.get(id=app.oauth_client_id)
    assert (client.sealed_secret, client.ended_at) == (None, world.clock.now())
    assert (await Grant.get(id=kept.grant_id)).state is GrantState.ACTIVE
    assert (await find_app(others.team_id, theirs.id)).status is InstalledAppStatus.ACTIVE


async def test_a_sign_in_that_comes_back_after_the_deletion_is_given_back(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    row = await GITLAB.begin(world, world.people.bob, app)
    returned = await GITLAB.consent(world, row)

    await delete(app.id, caller=world.people.ada, services=world.services)
    ended = await complete(returned, services=world.services)

    assert ended.status is AuthorizationStatus.EXPIRED
    assert GITLAB.asked(world, "token") == 0
    assert await Grant.filter(oauth_client_id=app.oauth_client_id).count() == 0


async def test_the_secret_is_kept_while_a_sign_in_that_was_under_way_may_still_bring_something(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    row = await GITLAB.begin(world, world.people.bob, app)
    await write(lambda: Authorization.filter(id=row.id).update(consumed_at=world.clock.now()))
    await delete(app.id, caller=world.people.ada, services=world.services)

    await give_back(world)
    assert (await OAuthClient.get(id=app.oauth_client_id)).sealed_secret is not None
    world.clock.advance(timedelta(minutes=2))
    await give_back(world)

    assert (await OAuthClient.get(id=app.oauth_client_id)).sealed_secret is None


async def test_the_same_address_is_added_again_and_members_sign_in_again(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    first = await GITLAB.add(world, ada)
    await GITLAB.sign_in(world, bob, first)
    await delete(first.id, caller=ada, services=world.services)

    second = await GITLAB.add(world, ada)

    assert second.id != first.id
    assert await live_grant_of(second.oauth_client_id or ada.team_id, bob.member_id) is None
    done = await GITLAB.sign_in(world, bob, second)
    assert done.status is AuthorizationStatus.COMPLETED
    assert await Event.filter(team_id=ada.team_id, type="INSTALLED_APP_ADDED").count() == 2
