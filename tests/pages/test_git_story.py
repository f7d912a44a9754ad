"""The team's own Git server: its client registered and typed in, a member's sign-in, and an API connected with a repository."""

import pytest
from playwright.async_api import expect

from tests.pages.people import Person, Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_an_admin_adds_a_gitlab_and_a_member_connects_an_api_with_a_repository(team: Team) -> None:
    """Sentences 11, 12, 32, 35, 44."""
    ada, ben = await team.person("Ada"), await team.person("Ben")
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])

    await ada.go_to("Installed apps")
    await ada.page.get_by_role("link", name="Add GitLab").click()
    await ada.page.get_by_role("textbox", name="Address").fill(f"{team.service.sandbox_url}/gitlab")
    redirect = ada.page.get_by_role("status").filter(has_text="Register an OAuth application")
    await expect(redirect).to_contain_text(f"{team.service.url}/callback/gitlab-self-managed/")
    await redirect.get_by_role("button", name="Copy the redirect URI").click()
    await expect(redirect.get_by_role("button")).to_have_text("Copied")
    copied = await ada.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{team.service.url}/callback/gitlab-self-managed/")
    await fill_in_client(ada, name="Our GitLab")
    await ada.sees_page("Installed apps")
    await expect(ada.row("Our GitLab")).to_contain_text("set up by Ada")

    await ben.open("/integrations/add/gitlab-self-managed/connect-api")
    await sign_in(ben)
    await expect(ben.page.get_by_role("img", name="Connected")).to_be_visible()
    await ben.page.get_by_role("textbox", name="Name").fill("Payments at GitLab")
    await ben.page.get_by_role("textbox", name="API").fill("Payments")
    await ben.page.get_by_role("combobox", name="Repository").fill("payments")
    await ben.page.get_by_role("option", name="acme/payments-api").click()
    await expect(ben.page.get_by_role("combobox", name="Branch")).to_have_value("main")
    await ben.pick("Branch", "develop")
    await ben.pick("Definition file", "openapi/")
    await ben.page.get_by_role("option", name="openapi/openapi.yaml").click()
    await ben.page.get_by_role("textbox", name="Collection directory").fill("postman/collections")
    await ben.button("Add integration").click()

    await ben.sees_page("Payments at GitLab")
    for fact in ("acme/payments-api", "develop", "openapi/openapi.yaml", "postman/collections", "Our GitLab"):
        await expect(ben.page.get_by_role("definition").filter(has_text=fact).first).to_be_visible()
    await ben.go_to("Connected accounts")
    await expect(ben.row("GitLab")).to_contain_text("127.0.0.1")

    await ada.row("Our GitLab").get_by_role("button", name="Delete").click()
    await expect(ada.page.get_by_text("Payments at GitLab, made by Ben")).to_be_visible()
    await ada.button("Delete the installed app").click()
    await expect(ada.page.get_by_text("No installed apps yet")).to_be_visible()
    await ada.page.get_by_role("link", name="Add GitLab").click()
    await ada.page.get_by_role("textbox", name="Address").fill(f"{team.service.sandbox_url}/gitlab")
    await fill_in_client(ada, name="Our GitLab again")
    await ada.sees_page("Installed apps")

    await ben.go_to("Integrations")
    await ben.page.get_by_role("link", name="Payments at GitLab").click()
    banner = ben.page.get_by_role("region", name="What is wrong")
    await expect(banner.get_by_role("img", name="Warning")).to_be_visible()
    tab = await ben.sign_in_at_server("Re-authenticate", provider="GitLab Self-Managed", account="Grace Hopper (grace)")
    await tab.close()
    await expect(banner).to_be_hidden()


async def test_what_is_wrong_with_a_server_is_told_at_its_field_and_adds_nothing(team: Team) -> None:
    ada = await team.person("Ada")
    await ada.open("/settings/installed-apps/add/gitlab-self-managed")
    await ada.page.get_by_role("textbox", name="Name").fill("Nowhere")
    await ada.page.get_by_role("textbox", name="Address").fill("ftp://git.example.com")
    await ada.page.get_by_role("textbox", name="Client ID").fill("id")
    await ada.page.get_by_role("textbox", name="Client secret").fill("secret")
    await ada.button("Add installed app").click()

    address = ada.page.get_by_role("textbox", name="Address")
    await expect(address).to_have_attribute("aria-invalid", "true")
    await ada.go_to("Installed apps")
    await expect(ada.page.get_by_text("No installed apps yet")).to_be_visible()


async def fill_in_client(person: Person, *, name: str) -> None:
    await person.page.get_by_role("textbox", name="Name").fill(name)
    await person.page.get_by_role("textbox", name="Client ID").fill("sandbox-gitlab")
    await person.page.get_by_role("textbox", name="Client secret").fill("sandbox-gitlab-secret")
    await person.button("Add installed app").click()


async def sign_in(person: Person) -> None:
    button = person.page.get_by_role("button", name="Sign in to")
    name = await button.text_content()
    tab = await person.sign_in_at_server(str(name), provider="GitLab Self-Managed", account="Grace Hopper (grace)")
    await tab.close()
