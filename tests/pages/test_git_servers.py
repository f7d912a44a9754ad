"""The team's own Git server on the pages: the form that adds it, and what is done with it afterwards."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.journeys.story import Story
from tests.journeys.test_git_story import add_server
from tests.pages.orders import faults_of
from tests.pages.people import Person, Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

AUTHORITY = (Path(__file__).parent.parent / "data" / "authority.pem").read_text("utf-8")

_APPS = "{ installedApps(first: 10) { nodes { id name clientId clientSecretHint caCertificates } } }"
_GITLAB = ("GitLab Self-Managed", "gitlab-self-managed", "gitlab")
_GITHUB = ("GitHub Enterprise Server", "github-enterprise-server", "github")
_ODD = {
    "Address": ("https://git.example.com/?page=1", "This is no server's base address"),
    "Client ID": ("my client", "A client id has letters, digits"),
    "Client secret": ("two words", "A client secret has 1 to 1,000 visible ASCII characters"),
    "Certificates": ("nonsense", "These are no certificates to trust"),
}


@pytest.mark.parametrize(("name", "key", "path"), [_GITLAB, _GITHUB])
async def test_the_form_says_what_to_register_where_and_adds_the_server(team: Team, name: str, key: str, path: str) -> None:
    """Sentences 9, 11, 12."""
    ada = await team.person("Ada")
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ada.go_to("Installed apps")
    await ada.page.get_by_role("link", name=f"Add {name}").click()
    await ada.sees_page(f"Add {name}")
    told = ada.page.get_by_role("main").get_by_role("status")
    await expect(told).to_contain_text("Type the address first")

    await field(ada, "Address").fill(f"{team.service.sandbox_url}/{path}")

    await expect(told).to_contain_text(f"Register an OAuth application at {name}")
    await expect(told.get_by_role("link", name="How to register it")).to_have_attribute("href", re.compile(r"^https://docs\."))
    await told.get_by_role("button", name="Copy the redirect URI").click()
    await expect(told.get_by_role("button")).to_have_text("Copied")
    copied = await ada.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{team.service.url}/callback/{key}/")
    await expect(told.get_by_role("code")).to_have_text(copied)

    await field(ada, "Name").fill("Ours")
    await field(ada, "Client ID").fill(f"sandbox-{path}")
    await field(ada, "Client secret").fill(f"sandbox-{path}-secret")
    await field(ada, "Certificates").fill(AUTHORITY)
    await ada.button("Add installed app").click()
    await ada.sees_page("Installed apps")
    await expect(ada.row("Ours")).to_contain_text(name)
    assert [(each["name"], each["caCertificates"]) for each in await apps_of(ada)] == [("Ours", AUTHORITY)]


@pytest.mark.parametrize(("key", "path"), [_GITLAB[1:], _GITHUB[1:]])
async def test_what_is_wrong_with_a_server_is_told_at_its_field_in_the_api_s_words(team: Team, key: str, path: str) -> None:
    ada = await team.person("Ada")
    await ada.open(f"/settings/installed-apps/add/{key}")
    good = {
        "Name": "Ours",
        "Address": f"{team.service.sandbox_url}/{path}",
        "Client ID": f"sandbox-{path}",
        "Client secret": f"sandbox-{path}-secret",
        "Certificates": "",
    }
    for label, text in good.items():
        await field(ada, label).fill(text)

    for label, (odd, words) in _ODD.items():
        await field(ada, label).fill(odd)
        await ada.button("Add installed app").click()
        await expect(field(ada, label)).to_have_attribute("aria-invalid", "true")
        await expect(field(ada, label)).to_have_accessible_description(re.compile(words))
        await field(ada, label).fill(good[label])

    assert await apps_of(ada) == []


async def test_check_now_shows_that_a_server_does_not_answer_and_that_it_does_again(team: Team) -> None:
    ada = await team.person("Ada")
    await add_gitlab(team, ada)
    await ada.go_to("Installed apps")
    await expect(ada.row("gitlab")).to_contain_text("Active")

    async with faults_of(team.service, "gitlab") as faults:
        await faults.break_all()
        await ada.button("Check now").click()
        await expect(ada.row("gitlab")).to_contain_text("Unreachable")

    await ada.button("Check now").click()
    await expect(ada.row("gitlab")).to_contain_text("Active")


async def test_a_new_secret_replaces_the_old_one_and_a_wrong_one_changes_nothing(team: Team) -> None:
    ada = await team.person("Ada")
    await add_gitlab(team, ada)
    await ada.go_to("Installed apps")
    await ada.button("Edit").click()
    secret = in_dialog(ada, "New client secret")

    await secret.fill("two words")
    await ada.button("Save changes").click()
    await expect(secret).to_have_accessible_description(re.compile("A client secret has 1 to 1,000 visible ASCII characters"))
    assert [each["clientSecretHint"] for each in await apps_of(ada)] == ["cret"]

    await secret.fill("sandbox-gitlab-renewed")
    await ada.button("Save changes").click()
    await expect(ada.page.get_by_role("dialog")).to_be_hidden()
    assert [each["clientSecretHint"] for each in await apps_of(ada)] == ["ewed"]
    await ada.button("Edit").click()
    await expect(secret).to_have_value("")


async def test_certificates_are_given_shown_again_and_taken_away(team: Team) -> None:
    ada = await team.person("Ada")
    await add_gitlab(team, ada)
    await ada.go_to("Installed apps")
    certificates = in_dialog(ada, "Certificates")
    await ada.button("Edit").click()
    await certificates.fill("nonsense")
    await ada.button("Save changes").click()
    await expect(certificates).to_have_accessible_description(re.compile("These are no certificates to trust"))

    for given in (AUTHORITY, ""):
        await certificates.fill(given)
        await ada.button("Save changes").click()
        await expect(ada.page.get_by_role("dialog")).to_be_hidden()
        assert [each["caCertificates"] or "" for each in await apps_of(ada)] == [given]
        await ada.button("Edit").click()
        await expect(certificates).to_have_value(given)


def field(person: Person, label: str) -> Locator:
    return person.page.get_by_role("main").get_by_role("textbox", name=label, exact=True)


def in_dialog(person: Person, label: str) -> Locator:
    return person.page.get_by_role("dialog").get_by_role("textbox", name=label, exact=True)


async def add_gitlab(team: Team, admin: Person) -> str:
    story = Story(team.service, admin.api, admin.api)
    return await add_server(story, provider="gitlab-self-managed", path="gitlab")


async def apps_of(person: Person) -> list[dict[str, str | None]]:
    nodes: list[dict[str, str | None]] = (await person.api.ask(_APPS))["installedApps"]["nodes"]
    return nodes
