"""The kind in the API: what members write and read, what is refused, and what an admin pastes for it."""

from typing import Any

from app.errors import UserErrorCode
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.shared_secrets import add
from app.integrations.editing import Edit, edit
from app.integrations.kinds.open_incidents.models import IncidentSettings
from app.integrations.kinds.open_incidents.settings import OpenIncidentsEdit, OpenIncidentsSettings
from app.integrations.kinds.post_monitoring_results.settings import MonitoringPostEdit
from app.integrations.sources import ThroughApp
from app.log.counters import head
from app.monitors.models import Monitor
from app.providers.incidents import Severity
from tests.installed_apps.world import World, code_of, gid, log_since, refusal_of
from tests.integrations.incident_scene import pasted, put_to_use, share_key, told
from tests.integrations.scene import place, place_through
from tests.log.quotas import limit

ADD = """mutation ($input: AddIntegrationInput!) { addIntegration(input: $input) {
  integration { id name status connectedTo kind { key }
    settings { __typename ... on OpenIncidents { severity monitor { key } } } }
  userErrors { code message field } } }"""
EDIT = """mutation ($input: EditIntegrationInput!) { editIntegration(input: $input) {
  integration { settings { ... on OpenIncidents { severity } } } userErrors { code field } } }"""
KINDS = """{ providers { key integrationKinds { key name } secretFields { name isRequired } } }"""


async def test_a_member_has_incidents_opened_with_what_an_admin_pasted(world: World) -> None:
    app = await share_key(world)
    using = {"installedAppId": gid("InstalledApp", app.id)}

    def written(**settings: str) -> dict[str, Any]:
        return {"name": "Wake us", "using": using, "settings": {"openIncidents": settings}}

    first = await world.ask(ADD, world.people.bob, input=written(monitorKey="checkout"))
    second = await world.ask(ADD, world.people.bob, input=written(monitorKey="search", severity="CRITICAL"))

    added = first["addIntegration"]["integration"]
    assert (added["status"], added["kind"], added["settings"]) == (
        "ACTIVE",
        {"key": "open-incidents"},
        {"__typename": "OpenIncidents", "severity": "ERROR", "monitor": {"key": "checkout"}},
    )
    assert added["connectedTo"].endswith("(key …0001)")
    assert second["addIntegration"]["integration"]["settings"]["severity"] == "CRITICAL"


async def test_providers_say_which_of_them_open_incidents(world: World) -> None:
    providers = (await world.ask(KINDS, world.people.vera))["providers"]

    offered = {each["key"]: [kind["key"] for kind in each["integrationKinds"]] for each in providers}
    assert [key for key, kinds in offered.items() if "open-incidents" in kinds] == ["pagerduty"]
    assert offered["pagerduty"] == ["open-incidents"]
    [fields] = [each["secretFields"] for each in providers if each["key"] == "pagerduty"]
    assert fields == [{"name": "routingKey", "isRequired": True}, {"name": "address", "isRequired": False}]


async def test_the_severity_can_be_changed_and_the_monitor_stays(world: World) -> None:
    app = await share_key(world)
    integration = await put_to_use(world, app)
    using = {"id": gid("Integration", integration.id)}
    before = await head(world.people.team_id)

    edited = await world.ask(EDIT, world.people.bob, input=using | {"settings": {"openIncidents": {"severity": "INFO"}}})
    again = await world.ask(EDIT, world.people.bob, input=using | {"settings": {"openIncidents": {"severity": "INFO"}}})
    empty = await world.ask(EDIT, world.people.bob, input=using | {"settings": {"openIncidents": {}}})
    null = await world.ask(EDIT, world.people.bob, input=using | {"settings": {"openIncidents": {"severity": None}}})

    for answer in (edited, again, empty):
        assert answer["editIntegration"]["integration"]["settings"] == {"severity": "INFO"}
    assert null["editIntegration"]["userErrors"] == [{"code": "INVALID", "field": ["settings", "openIncidents", "severity"]}]
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_EDITED"]
    assert (await IncidentSettings.get(integration_id=integration.id)).severity is Severity.INFO


async def test_what_makes_no_sense_is_refused_and_changes_nothing(world: World) -> None:
    app, slack = await share_key(world), await world.share(world.people.ada)
    integration = await put_to_use(world, app)
    bob, services = world.people.bob, world.services
    wanted = OpenIncidentsSettings("checkout", Severity.ERROR)
    blank = place(world, bob, ThroughApp(app.id), settings=OpenIncidentsSettings(" ", Severity.ERROR))
    other_kind = Edit(settings=MonitoringPostEdit(monitor_key="search"))
    on_slack = await place_through(world, bob, slack.id)

    assert await code_of(blank) == (UserErrorCode.INVALID, ("settings", "openIncidents", "monitorKey"))
    assert await code_of(place(world, bob, ThroughApp(app.id))) == (UserErrorCode.INVALID, ("settings", "postMonitoringResults"))
    assert await code_of(place(world, bob, ThroughApp(slack.id), settings=wanted)) == (
        UserErrorCode.INVALID,
        ("settings", "openIncidents"),
    )
    for row, asked in ((integration, other_kind), (on_slack, Edit(settings=OpenIncidentsEdit(Severity.INFO)))):
        attempt = edit(row.id, asked, expected_updated_at=None, caller=bob, services=services)
        assert (await code_of(attempt))[0] is UserErrorCode.INVALID


async def test_another_key_is_another_account_where_nothing_of_this_one_could_be_resolved(world: World) -> None:
    app, slack = await share_key(world), await world.share(world.people.ada)
    integration = await put_to_use(world, app)

    moved = edit(
        integration.id,
        Edit(using=ThroughApp(slack.id)),
        expected_updated_at=None,
        caller=world.people.bob,
        services=world.services,
    )

    assert (await code_of(moved))[0] is UserErrorCode.WRONG_ACCOUNT


async def test_a_monitor_wakes_so_many_integrations(world: World) -> None:
    app = await share_key(world)
    await put_to_use(world, app)
    limit(world, max_integrations_of_monitor=1)
    another = OpenIncidentsSettings("checkout", Severity.INFO)

    refused = await refusal_of(place(world, world.people.bob, ThroughApp(app.id), settings=another))

    assert (refused.code, refused.field) == (UserErrorCode.CONFLICT, ("settings", "openIncidents", "monitorKey"))
    assert await Monitor.all().count() == 1


async def test_a_key_is_tried_before_it_is_stored_and_wakes_nobody(world: World) -> None:
    wrong = add("pagerduty", pasted(world, key="0" * 32), name=None, caller=world.people.ada, services=world.services)

    refused = await refusal_of(wrong)
    app = await share_key(world)

    assert refused.code is UserErrorCode.PROVIDER_REFUSED
    assert "does not know this integration key" in refused.message
    assert "0" * 32 not in refused.message
    assert (await InstalledApp.get(id=app.id)).status is InstalledAppStatus.ACTIVE
    assert (world.sandbox.state()["incidents"], told(world)) == ([], [])
