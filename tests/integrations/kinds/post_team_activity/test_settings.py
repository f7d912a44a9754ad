"""The kind in the API: what members write and read, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest

from app.deliveries.activity.models import ActivityDelivery
from app.deliveries.testing import test as post_test
from app.errors import UserErrorCode
from app.graphql.inputs import Keep
from app.installed_apps.deleting import delete as delete_app
from app.integrations.editing import Edit, edit
from app.integrations.kinds.post_team_activity.models import ActivityPost
from app.integrations.kinds.post_team_activity.settings import MOST_APPS, ActivityPostEdit
from app.log.counters import head
from app.log.event_types import EventType
from tests.installed_apps.test_shared_secrets import share
from tests.installed_apps.world import World, code_of, gid, log_since, make_people
from tests.integrations.activity_scene import have_joined, have_told, tell, telling
from tests.integrations.incident_scene import share_key
from tests.integrations.scene import GLOBEX, channel
from tests.log.quotas import limit

ADD = """mutation ($input: AddIntegrationInput!) { addIntegration(input: $input) {
  integration { id status kind { key } settings { __typename ... on PostTeamActivity {
    types channelName channelId channel { name } installedApps { name } } } }
  userErrors { code field } } }"""
EDIT = """mutation ($input: EditIntegrationInput!) { editIntegration(input: $input) {
  integration { settings { ... on PostTeamActivity { types channelName installedApps { name } } } }
  userErrors { code field } } }"""
TOLD = """query ($id: ID!) { integration(id: $id) { deliveries(first: 5) { nodes { id } }
  activityDeliveries(first: 5) { nodes { id status eventCount nextAttemptAt integration { name }
    events { sequence type summary actor { name } } attempts { succeeded error } } pageInfo { hasNextPage } } } }"""
NODE = """query ($id: ID!) { node(id: $id) { ... on ActivityDelivery { status events { type } } } }"""
KINDS = """{ providers { key integrationKinds { key } } }"""
FIELD = ("settings", "postTeamActivity")


async def test_a_member_chooses_a_channel_types_and_installed_apps(world: World) -> None:
    acme, globex = await world.share(world.people.ada), await world.share(world.people.ada, "Globex")
    using = {"installedAppId": gid("InstalledApp", acme.id)}

    def written(**settings: object) -> dict[str, Any]:
        return {"name": "Tell us", "using": using, "settings": {"postTeamActivity": {"channelId": channel(), **settings}}}

    usual = await world.ask(ADD, world.people.bob, input=written())
    apps = [gid("InstalledApp", globex.id), gid("InstalledApp", globex.id)]
    types = ["TEAM_MEMBER_REMOVED", "TEAM_MEMBER_ADDED", "TEAM_MEMBER_ADDED"]
    chosen = await world.ask(ADD, world.people.bob, input=written(types=types, installedAppIds=apps))

    settings = {
        "__typename": "PostTeamActivity",
        "channelName": "general",
        "channelId": channel(),
        "channel": {"name": "general"},
    }
    first, second = [answer["addIntegration"]["integration"] for answer in (usual, chosen)]
    assert (first["status"], first["kind"]) == ("ACTIVE", {"key": "post-team-activity"})
    assert first["settings"] == settings | {"types": None, "installedApps": None}
    assert second["settings"] == settings | {
        "types": ["TEAM_MEMBER_ADDED", "TEAM_MEMBER_REMOVED"],
        "installedApps": [{"name": "Globex"}],
    }


async def test_what_posts_messages_has_it_and_nothing_else(world: World) -> None:
    providers = (await world.ask(KINDS, world.people.vera))["providers"]

    offered = {each["key"]: [kind["key"] for kind in each["integrationKinds"]] for each in providers}
    assert {key for key, kinds in offered.items() if "post-team-activity" in kinds} == {"slack", "webhook"}


async def test_a_delivery_shows_what_it_tells_and_how_it_went(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await have_told(world, app.id, settings=telling(types=[EventType.TEAM_MEMBER_ADDED]))
    await have_joined(world, "Dora")
    await tell(world)
    world.sandbox.control("faults", provider="slack", endpoint="chat.postMessage", fault="status", status=500)
    await have_joined(world, "Emil")
    await tell(world)

    answer = await world.ask(TOLD, world.people.vera, id=gid("Integration", integration.id))

    shown = answer["integration"]
    newest, oldest = shown["activityDeliveries"]["nodes"]
    assert shown["deliveries"]["nodes"] == []
    assert (newest["status"], newest["eventCount"], newest["integration"]) == ("RETRYING", 1, {"name": "Tell us"})
    assert newest["events"][0] | {"sequence": 0} == {
        "sequence": 0,
        "type": "TEAM_MEMBER_ADDED",
        "summary": "Emil was added to the team as MEMBER.",
        "actor": {"name": "Ada"},
    }
    assert (newest["attempts"][0]["succeeded"], newest["nextAttemptAt"] is not None) == (False, True)
    assert (oldest["status"], oldest["attempts"]) == ("DELIVERED", [{"succeeded": True, "error": None}])
    assert (await world.ask(NODE, world.people.vera, id=newest["id"]))["node"]["status"] == "RETRYING"


async def test_an_edit_changes_what_it_names_and_null_goes_back_to_the_usual(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await have_told(world, app.id)
    gone = await world.share(world.people.ada, "Globex")
    before = await head(world.people.team_id)

    async def edited(**settings: object) -> Any:
        wanted = {"id": gid("Integration", integration.id), "settings": {"postTeamActivity": settings}}
        return (await world.ask(EDIT, world.people.bob, input=wanted))["editIntegration"]["integration"]["settings"]

    first = await edited(types=["REFUSED"], installedAppIds=[gid("InstalledApp", app.id), gid("InstalledApp", gone.id)])
    second = await edited(channelId=channel(2))
    again = await edited(types=["REFUSED"])
    await delete_app(gone.id, caller=world.people.ada, services=world.services)
    third = await edited(types=None)
    fourth = await edited(installedAppIds=None)

    assert first == {"types": ["REFUSED"], "channelName": "general", "installedApps": [{"name": "Acme"}, {"name": "Globex"}]}
    assert second == again == first | {"channelName": "monitoring"}
    assert third == {"types": None, "channelName": "monitoring", "installedApps": [{"name": "Acme"}]}
    assert fourth == {"types": None, "channelName": "monitoring", "installedApps": None}
    edits = [each for each in await log_since(before, team_id=world.people.team_id) if each == "INTEGRATION_EDITED"]
    assert len(edits) == 4


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        ({"types": []}, (UserErrorCode.INVALID, (*FIELD, "types"))),
        ({"types": [EventType.ACTIVITY_DELIVERY_FAILED]}, (UserErrorCode.INVALID, (*FIELD, "types"))),
        ({"apps": []}, (UserErrorCode.INVALID, (*FIELD, "installedAppIds"))),
        ({"channel_id": channel(4)}, (UserErrorCode.NOT_FOUND, (*FIELD, "channelId"))),
        ({"channel_id": "nowhere"}, (UserErrorCode.NOT_FOUND, (*FIELD, "channelId"))),
        ({"channel_id": channel(account=GLOBEX)}, (UserErrorCode.INVALID, (*FIELD, "channelId"))),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(
    world: World, wanted: dict[str, Any], refused: tuple[UserErrorCode, tuple[str, ...]]
) -> None:
    app = await world.share(world.people.ada)
    integration = await have_told(world, app.id)
    settings = telling(**wanted)
    changed = ActivityPostEdit(
        channel_id=wanted.get("channel_id"),
        types=wanted.get("types", Keep.KEEP),
        installed_app_ids=wanted.get("apps", Keep.KEEP),
    )

    assert await code_of(have_told(world, app.id, settings=settings)) == refused
    assert (
        await code_of(
            edit(
                integration.id, Edit(settings=changed), expected_updated_at=None, caller=world.people.bob, services=world.services
            )
        )
        == refused
    )


async def test_an_installed_app_that_the_team_has_not_is_refused_and_so_is_one_too_many(world: World) -> None:
    ada = world.people.ada
    app, gone = await world.share(ada), await world.share(ada, "Globex")
    await delete_app(gone.id, caller=ada, services=world.services)
    others = await make_people(world.services, name="Comet")
    theirs = await world.share(others.ada, "Initech")
    field = (*FIELD, "installedAppIds")

    for key in (gone.id, theirs.id):
        assert await code_of(have_told(world, app.id, settings=telling(apps=[app.id, key]))) == (UserErrorCode.NOT_FOUND, field)
    many = [uuid4() for _ in range(MOST_APPS + 1)]
    assert await code_of(have_told(world, app.id, settings=telling(apps=many))) == (UserErrorCode.INVALID, field)


async def test_one_that_tells_too_many_and_one_at_what_posts_nothing_are_refused(world: World) -> None:
    app, key = await world.share(world.people.ada), await share_key(world)
    limit(world, max_activity_integrations=1)
    await have_told(world, app.id)

    assert await code_of(have_told(world, app.id, name="Two")) == (UserErrorCode.CONFLICT, FIELD)
    assert await code_of(have_told(world, key.id, settings=telling(channel_id="address"))) == (UserErrorCode.INVALID, FIELD)
    assert await ActivityPost.all().count() == 1


async def test_there_is_no_test_message_of_what_posts_no_results(world: World) -> None:
    integration = await have_told(world, (await world.share(world.people.ada)).id)

    tested = post_test(integration.id, caller=world.people.bob, services=world.services)

    assert await code_of(tested) == (UserErrorCode.INVALID, ("integrationId",))


async def test_deliveries_beyond_the_days_are_not_made_and_the_change_goes_on(world: World) -> None:
    hook = await share(world, world.people.ada)
    integration = await have_told(world, hook.id, settings=telling(channel_id="address", types=[EventType.TEAM_MEMBER_ADDED]))
    limit(world, max_deliveries_per_day=1)
    before = await head(world.people.team_id)

    await have_joined(world, "Dora")
    await have_joined(world, "Emil")

    assert await ActivityDelivery.filter(integration_id=integration.id).count() == 1
    assert await log_since(before, team_id=world.people.team_id) == ["TEAM_MEMBER_ADDED"] * 2
