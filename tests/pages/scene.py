"""A team that has something of everything: what the pages can show, made over the API."""

from dataclasses import dataclass
from typing import Any

import httpx2

from app.sandbox.pagerduty import ROUTING_KEY
from app.teams import console
from tests.journeys.soaking import until
from tests.journeys.story import DELETE, Story
from tests.journeys.test_git_story import Person as GitPerson, add_server
from tests.pages.people import Person, Team
from tests.services import services_beside

_CREATE_TOKEN = """
mutation { createAccessToken(input: { name: "CI", scopes: [RUNS_WRITE], expiresInDays: 30 }) { userErrors { message } } }"""
_ADD_PAGERDUTY = """
mutation ($input: AddInstalledAppInput!) {
  addInstalledApp(input: $input) { installedApp { id } userErrors { message } }
}"""
_ADD = """
mutation ($input: AddIntegrationInput!) {
  addIntegration(input: $input) { integration { id } userErrors { message field } }
}"""
_CHANNELS = "query ($id: ID!) { installedApp(id: $id) { channels(first: 100) { nodes { id name } } } }"
_STATUSES = "query ($id: ID!) { integration(id: $id) { deliveries(first: 50) { nodes { status } } } }"

REASON = "Expected status 200 but got 503"


@dataclass
class Scene:
    """Addresses of what there is, below the service's."""

    slack: str
    git: str
    stopped: str

    @property
    def paths(self) -> dict[str, str]:
        """Return a name and an address for every page, and for what is special of one."""
        return {
            "integrations": "/integrations",
            "browse": "/integrations/browse",
            "add-slack-integration": "/integrations/add/slack/post-monitoring-results",
            "add-git-integration": "/integrations/add/gitlab-self-managed/connect-api",
            "integration": f"/integrations/{self.slack}",
            "git-integration": f"/integrations/{self.git}",
            "stopped-integration": f"/integrations/{self.stopped}",
            "installed-apps": "/settings/installed-apps",
            "add-slack": "/settings/installed-apps/add/slack",
            "add-git-server": "/settings/installed-apps/add/gitlab-self-managed",
            "add-pagerduty": "/settings/installed-apps/add/pagerduty",
            "members": "/settings/members",
            "access-tokens": "/settings/access-tokens",
            "connected-accounts": "/settings/connected-accounts",
            "monitors": "/monitors",
            "activity": "/activity",
            "no-such-page": "/settings/none",
        }


async def furnish(team: Team) -> Scene:
    """Give the team installed apps of every provider, integrations that work and one that does not, and runs."""
    story = await begin_story(team, await team.person("Ada"))
    ben = await team.person("Ben")
    stopped, doomed = await story.add_sharing(name="Releases to general", monitor="releases", channel="general")
    assert (await story.admin.ask(DELETE, input={"id": doomed}))["deleteInstalledApp"]["userErrors"] == []
    slack, _ = await story.add_sharing(name="Checkout to monitoring", monitor="checkout")
    ada = GitPerson(story, "ada@example.com", "ada", story.admin, story.browser)
    gitlab = await add_server(story, provider="gitlab-self-managed", path="gitlab")
    await add_server(story, provider="github-enterprise-server", path="github")
    await ada.sign_in(gitlab)
    git = await ada.connect(gitlab, api_name="Payments")
    await _add_pagerduty(story)
    assert (await story.admin.ask(_CREATE_TOKEN))["createAccessToken"]["userErrors"] == []
    await _report(ben)
    await _until_delivered(story, slack)
    await story.browser.close()
    return Scene(slack=slack, git=git, stopped=stopped)


async def begin_story(team: Team, ada: Person) -> Story:
    """Return the story of the team, whose admin has a browser of the tests' own beside Chromium."""
    story = Story(team.service, ada.api, ada.api)
    async with services_beside(team.service) as services:
        link = await console.make_sign_in_link(team=team.name, email="ada@example.com", services=services)
    page = await story.browser.submit(await story.browser.open(link.reveal()))
    assert page.status == httpx2.codes.OK, page
    return story


async def add_with_app(story: Story, app: str, *, name: str, monitor: str) -> str:
    """Have the admin add an integration with an installed app; return its id."""
    channel = await channel_of(story, app, name="random")
    added = await story.add(story.admin, name=name, using={"installedAppId": app}, monitor=monitor, channel=channel)
    return str(added["integration"]["id"])


async def channel_of(story: Story, app: str, *, name: str) -> str:
    """Return the id of a channel that an installed app shows."""
    found = (await story.admin.ask(_CHANNELS, id=app))["installedApp"]["channels"]["nodes"]
    return next(str(each["id"]) for each in found if each["name"] == name)


async def _add_pagerduty(story: Story) -> None:
    fields = [
        {"name": "routingKey", "value": ROUTING_KEY},
        {"name": "address", "value": f"{story.service.sandbox_url}/pagerduty"},
    ]
    using = {"secret": {"provider": "pagerduty", "fields": fields}}
    added = (await story.admin.ask(_ADD_PAGERDUTY, input={"using": using, "name": "On call"}))["addInstalledApp"]
    assert added["userErrors"] == []
    settings = {"openIncidents": {"monitorKey": "checkout", "severity": "ERROR"}}
    given = {"name": "Checkout to on call", "using": {"installedAppId": added["installedApp"]["id"]}, "settings": settings}
    assert (await story.admin.ask(_ADD, input=given))["addIntegration"]["userErrors"] == []


async def _report(person: Person) -> None:
    await person.report("checkout", "build-1", monitorName="Checkout", testCount=12, url="https://ci.example/build/1")
    failed: dict[str, Any] = {
        "outcome": "FAILED",
        "testCount": 12,
        "failedTestCount": 1,
        "failures": [{"name": "Pay", "message": REASON}],
    }
    await person.report("checkout", "build-2", **failed)


async def _until_delivered(story: Story, integration: str) -> None:
    async def is_delivered() -> bool:
        found = (await story.admin.ask(_STATUSES, id=integration))["integration"]["deliveries"]["nodes"]
        return [each["status"] for each in found] == ["DELIVERED", "DELIVERED"]

    await until(is_delivered, seconds=30)
