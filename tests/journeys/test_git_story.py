"""Two Git servers, two members, one API each: through a deletion and back, against a running server process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.callers import Api, Browser, socket_to
from tests.journeys.story import ADMIN, BEGIN, DELETE, MEMBER, REAUTHENTICATE, TEAM, Story

ADD_SERVER = """
mutation ($input: AddInstalledAppInput!) {
  addInstalledApp(input: $input) {
    installedApp { id name connectedTo status callbackUrl scopes clientId clientSecretHint viewerIsAuthenticated }
    userErrors { code message field }
  }
}"""
FIND_REPOSITORY = """
query ($id: ID!, $search: String!) {
  installedApp(id: $id) {
    viewerIsAuthenticated
    repositories(first: 10, search: $search) { nodes { id fullName branches(first: 5) { nodes { name isDefault } } } }
  }
}"""
CONNECT = """
mutation ($input: AddIntegrationInput!) {
  addIntegration(input: $input) {
    integration { id status authorizedBy { name } settings { ... on ConnectApi { apiName branch repository { fullName } } } }
    userErrors { code message field }
  }
}"""
DEFINITION = """
query ($id: ID!) {
  integration(id: $id) { status statusReason settings { ... on ConnectApi { definition { path commit text } } } }
}"""
WATCH = """
subscription ($after: String) {
  integrationStatusChanged(after: $after) { sequence status reason integrationId }
}"""
CURSOR = "query { eventCursor }"


@dataclass
class Person:
    """A member with a browser of their own and an account at the Git servers."""

    story: Story
    email: str
    account: str
    api: Api
    browser: Browser = field(default_factory=Browser)

    async def open_browser(self) -> None:
        link = self.story.service.run("sign-in-link", "--team", TEAM, "--email", self.email)
        page = await self.browser.submit(await self.browser.open(link))
        assert page.status == 200, page

    async def sign_in(self, installed_app: str) -> None:
        begun = (await self.api.ask(BEGIN, input={"purpose": {"installedAppId": installed_app}}))["beginAuthorization"]
        assert begun["userErrors"] == []
        consent = await self.browser.submit(await self.browser.open(begun["authorization"]["startUrl"]))
        done = await self.browser.submit(consent, user=self.account, decision="approve")
        assert done.status == 200, done.text

    async def connect(self, installed_app: str, *, api_name: str) -> str:
        seen = (await self.api.ask(FIND_REPOSITORY, id=installed_app, search="payments-api"))["installedApp"]
        assert seen["viewerIsAuthenticated"] is True
        repository = next(node for node in seen["repositories"]["nodes"] if node["fullName"].endswith("payments-api"))
        branch = next(node["name"] for node in repository["branches"]["nodes"] if node["isDefault"])
        settings = {
            "connectApi": {
                "apiName": api_name,
                "repositoryId": repository["id"],
                "branch": branch,
                "schemaFile": "openapi/openapi.yaml",
            }
        }
        given = {"name": api_name, "using": {"installedAppId": installed_app}, "settings": settings}
        added = (await self.api.ask(CONNECT, input=given))["addIntegration"]
        assert added["userErrors"] == []
        assert added["integration"]["status"] == "ACTIVE"
        return str(added["integration"]["id"])

    async def definition(self, integration: str) -> str:
        seen = (await self.api.ask(DEFINITION, id=integration))["integration"]
        assert (seen["status"], seen["statusReason"]) == ("ACTIVE", None)
        return str(seen["settings"]["definition"]["text"])


@pytest.mark.processes
async def test_two_members_connect_apis_lose_a_server_and_come_back(story: Story) -> None:
    ada = Person(story, ADMIN, "ada", story.admin, story.browser)
    ben = Person(story, MEMBER, "grace", story.member)
    await ben.open_browser()
    github = await add_server(story, provider="github-enterprise-server", path="github")
    gitlab = await add_server(story, provider="gitlab-self-managed", path="gitlab")

    await ada.sign_in(github)
    await ben.sign_in(gitlab)
    at_github = await ada.connect(github, api_name="Payments")
    at_gitlab = await ben.connect(gitlab, api_name="Payments at GitLab")
    assert "openapi" in await ada.definition(at_github)
    assert "openapi" in await ben.definition(at_gitlab)

    async with asyncio.timeout(60), watching(story.admin) as by_admin, watching(story.member) as by_member:
        deleted = (await story.admin.ask(DELETE, input={"id": gitlab}))["deleteInstalledApp"]
        heard = [await anext(by_admin), await anext(by_member)]

    assert [node["id"] for node in deleted["stoppedIntegrations"]["nodes"]] == [at_gitlab]
    assert [(change["integrationId"], change["status"], change["reason"]) for change in heard] == [
        (at_gitlab, "NEEDS_REAUTHENTICATION", "INSTALLED_APP_DELETED")
    ] * 2
    assert "openapi" in await ada.definition(at_github)

    again = await add_server(story, provider="gitlab-self-managed", path="gitlab")
    await ben.sign_in(again)
    assert "openapi" in await ben.definition(at_gitlab)

    await ada.sign_in(again)
    taken = await ada.api.ask(REAUTHENTICATE, input={"id": at_gitlab, "using": {"installedAppId": again}})
    assert taken["reauthenticateIntegration"]["userErrors"] == []
    assert "openapi" in await ada.definition(at_gitlab)
    await ben.browser.close()


async def add_server(story: Story, *, provider: str, path: str) -> str:
    client = {
        "provider": provider,
        "url": f"{story.service.sandbox_url}/{path}",
        "clientId": f"sandbox-{path}",
        "clientSecret": f"sandbox-{path}-secret",
    }
    added = (await story.admin.ask(ADD_SERVER, input={"name": path, "using": {"client": client}}))["addInstalledApp"]
    assert added["userErrors"] == []
    assert added["installedApp"]["clientSecretHint"] == "cret"
    assert added["installedApp"]["callbackUrl"].startswith(f"{story.service.url}/callback/{provider}/")
    return str(added["installedApp"]["id"])


@asynccontextmanager
async def watching(who: Api) -> AsyncIterator[AsyncIterator[dict[str, object]]]:
    """Listen from now on, over a socket of its own."""
    cursor = (await who.ask(CURSOR))["eventCursor"]

    async with socket_to(who.url, who.token) as socket:

        async def changes() -> AsyncIterator[dict[str, object]]:
            async for data in socket.subscribe(WATCH, after=cursor):
                yield data["integrationStatusChanged"]

        yield changes()
