"""The story that every journey tells: a team, a sign-in at Slack, integrations, runs, a deletion, and the way back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.callers import Api, Browser
from tests.processes import Service

TEAM = "Acme monitoring"
ADMIN = "ada@example.com"
MEMBER = "ben@example.com"
WORKSPACE = "T0ACME001"
REPORTS = Path(__file__).parent.parent / "data" / "newman"

JSON = dict[str, Any]

BEGIN = """
mutation ($input: BeginAuthorizationInput!) {
  beginAuthorization(input: $input) { authorization { id status startUrl } userErrors { code message field } }
}"""
AUTHORIZATION = """
query ($id: ID!) {
  authorization(id: $id) { status connectedTo failure { code message } channels(first: 100) { nodes { id name } } }
}"""
ADD = """
mutation ($input: AddIntegrationInput!) {
  addIntegration(input: $input) {
    integration { id status usesInstalledApp connectedTo } installedApp { id name } userErrors { code message field }
  }
}"""
REAUTHENTICATE = """
mutation ($input: ReauthenticateIntegrationInput!) {
  reauthenticateIntegration(input: $input) { integration { id status } installedApp { id } userErrors { code message field } }
}"""
WOULD_STOP = """
query ($id: ID!) {
  installedApp(id: $id) { name connectedTo status viewerIsAuthenticated integrations { totalCount nodes { id name } } }
}"""
DELETE = """
mutation ($input: DeleteInstalledAppInput!) {
  deleteInstalledApp(input: $input) {
    deletedInstalledAppId stoppedIntegrations { nodes { id name status statusReason } } userErrors { code message field }
  }
}"""
RECORD = """
mutation ($input: RecordMonitorRunInput!) {
  recordMonitorRun(input: $input) { run { id outcome } deliveries { id status } userErrors { code message field } }
}"""
INTEGRATIONS = """
query {
  integrations(first: 100) { totalCount nodes { id name status statusReason statusMessage installedApp { id } } }
  eventCursor
}"""
DELIVERIES = """
query ($id: ID!) {
  integration(id: $id) { deliveries(first: 100) { nodes { id status attempts { succeeded error } run { runId } } } }
}"""
EVENTS = """
query ($after: String) {
  events(first: 100, after: $after) { nodes { sequence type cursor summary } pageInfo { hasNextPage endCursor } }
}"""


@dataclass
class Story:
    """The people of the story, and what each can do."""

    service: Service
    admin: Api
    member: Api
    browser: Browser = field(default_factory=Browser)

    @classmethod
    async def begin(cls, service: Service) -> "Story":
        """Make the team and its two people, and sign the admin's browser in."""
        service.run("team", "create", TEAM, "--admin-name", "Ada", "--admin-email", ADMIN)
        service.run("member", "add", "--team", TEAM, "--name", "Ben", "--email", MEMBER, "--role", "MEMBER")
        admin, member = (
            Api(service.url, service.run("token", "create", "--team", TEAM, "--email", who)) for who in (ADMIN, MEMBER)
        )
        story = cls(service, admin, member)
        await story.sign_in_browser(ADMIN)
        return story

    async def sign_in_browser(self, who: str) -> None:
        link = self.service.run("sign-in-link", "--team", TEAM, "--email", who)
        page = await self.browser.submit(await self.browser.open(link))
        assert page.status == 200, page

    async def sign_in_at_slack(self, *, workspace: str = WORKSPACE, decision: str = "approve", **purpose: str) -> str:
        """Walk through a sign-in at Slack in the admin's browser; return the authorization's id."""
        begun = (await self.admin.ask(BEGIN, input={"purpose": purpose or {"provider": "slack"}}))["beginAuthorization"]
        assert begun["userErrors"] == [], begun["userErrors"]
        consent = await self.browser.submit(await self.browser.open(begun["authorization"]["startUrl"]))
        await self.browser.submit(consent, workspace=workspace, decision=decision)
        return str(begun["authorization"]["id"])

    async def channel(self, authorization_id: str, *, name: str = "monitoring") -> str:
        seen = (await self.admin.ask(AUTHORIZATION, id=authorization_id))["authorization"]
        return str(next(channel["id"] for channel in seen["channels"]["nodes"] if channel["name"] == name))

    async def add_sharing(self, *, name: str, monitor: str, channel: str = "monitoring") -> tuple[str, str]:
        """Sign in, add an integration and share the sign-in with the team; return the integration's and the app's ids."""
        authorization = await self.sign_in_at_slack()
        using = {"authorization": {"authorizationId": authorization, "shareWithTeam": True}}
        added = await self.add(
            self.admin, name=name, using=using, monitor=monitor, channel=await self.channel(authorization, name=channel)
        )
        return str(added["integration"]["id"]), str(added["installedApp"]["id"])

    async def add(self, who: Api, *, name: str, using: JSON, monitor: str, channel: str, notify: str = "ALL_RUNS") -> JSON:
        settings = {"postMonitoringResults": {"monitorKey": monitor, "channelId": channel, "notify": notify}}
        added: JSON = (await who.ask(ADD, input={"name": name, "using": using, "settings": settings}))["addIntegration"]
        assert added["userErrors"] == [], added["userErrors"]
        return added

    def report(self, name: str, *, monitor: str) -> str:
        """Report one of the real Newman runs, as a pipeline does."""
        reporting = Service(
            folder=self.service.folder,
            database_url=self.service.database_url,
            port=self.service.port,
            sandbox_port=self.service.sandbox_port,
            environment={"INSTALLED_APPS_URL": self.service.url, "INSTALLED_APPS_TOKEN": self.admin.token},
        )
        return reporting.run("report", "newman", str(REPORTS / f"{name}.json"), "--monitor", monitor)

    async def events(self) -> list[JSON]:
        """Return the whole activity log."""
        rows: list[JSON] = []
        after: str | None = None
        while True:
            page = (await self.admin.ask(EVENTS, after=after))["events"]
            rows.extend(page["nodes"])
            if not page["pageInfo"]["hasNextPage"]:
                return rows
            after = page["pageInfo"]["endCursor"]
