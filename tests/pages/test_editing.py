"""Changing what is there: an integration with a sign-in in one save, an installed app's name, people and tokens."""

import pytest
from playwright.async_api import expect

from tests.journeys.story import DELETE
from tests.pages.people import Team
from tests.pages.scene import add_with_app, begin_story

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_an_integration_that_stopped_is_found_signed_in_anew_and_changed_in_one_save(team: Team) -> None:
    """Sentences 34, 38, 39, 40, 41, 42."""
    ada = await team.person("Ada")
    story = await begin_story(team, ada)
    _, app = await story.add_sharing(name="Weekly", monitor="weekly")
    await add_with_app(story, app, name="Another", monitor="another")
    assert (await story.admin.ask(DELETE, input={"id": app}))["deleteInstalledApp"]["userErrors"] == []
    await story.browser.close()

    await ada.open("/integrations")
    await ada.page.get_by_role("searchbox", name="Search integrations").fill("week")
    await expect(ada.page.get_by_role("list", name="Integrations").get_by_role("listitem")).to_have_count(1)
    await ada.page.get_by_role("link", name="Weekly").click()
    await expect(ada.page.get_by_role("img", name="Warning")).to_be_visible()
    await ada.page.get_by_role("link", name="Edit integration").click()
    await ada.sees_page("Edit integration")
    await expect(ada.page.get_by_role("region", name="What is wrong")).to_contain_text("was deleted")
    await (await ada.sign_in_at_slack("Re-authenticate")).close()
    await expect(ada.page.get_by_role("img", name="Connected")).to_be_visible()
    await ada.page.get_by_role("textbox", name="Name").fill("Weekly to random")
    await ada.page.get_by_role("combobox", name="Channel").fill("random")
    await ada.page.get_by_role("option", name="random").click()
    await ada.button("Save changes").click()

    await ada.sees_page("Weekly to random")
    await expect(ada.page.get_by_role("region", name="What is wrong")).to_be_hidden()
    await expect(ada.page.get_by_role("definition").filter(has_text="random")).to_be_visible()
    await ada.report("weekly", "run-1")
    await expect(ada.row("run-1")).to_contain_text("Delivered")


async def test_an_installed_app_gets_another_name_which_a_second_browser_shows(team: Team) -> None:
    """Sentence 26."""
    ada, ben = await team.person("Ada"), await team.person("Ben")
    story = await begin_story(team, ada)
    await story.add_sharing(name="Renamed", monitor="renamed")
    await story.browser.close()
    await ada.go_to("Installed apps")
    await ben.go_to("Installed apps")

    await ada.button("Edit").click()
    name = ada.page.get_by_role("dialog").get_by_role("textbox", name="Name")
    await name.fill(" ")
    await ada.button("Save changes").click()
    await expect(name).to_have_attribute("aria-invalid", "true")
    await name.fill("Slack of the shop")
    await ada.button("Save changes").click()

    await expect(ada.page.get_by_role("dialog")).to_be_hidden()
    for person in (ada, ben):
        await expect(person.page.get_by_role("heading", name="Slack of the shop")).to_be_visible()


async def test_an_admin_adds_a_member_whose_link_is_shown_once_and_who_appears_to_others_at_once(team: Team) -> None:
    ada, ben = await team.person("Ada"), await team.person("Ben")
    await ben.go_to("Members")
    await ada.go_to("Members")

    await ada.page.get_by_role("textbox", name="Name").fill("Cem")
    await ada.page.get_by_role("textbox", name="E-mail").fill("cem@example.com")
    await ada.tick("Viewer")
    await ada.button("Add member").click()

    shown = ada.page.get_by_role("status").filter(has_text="it is not shown again")
    link = await shown.get_by_role("code").text_content()
    await expect(ben.row("Cem")).to_contain_text("Viewer")
    await ben.page.goto(str(link))
    await expect(ben.page.get_by_text("Cem").first).to_be_visible()
    await ada.page.reload()
    await expect(ada.row("Cem")).to_be_visible()
    await expect(shown).to_be_hidden()


async def test_an_access_token_is_shown_once_works_and_is_revoked(team: Team) -> None:
    ben = await team.person("Ben")
    await ben.go_to("Access tokens")

    await ben.page.get_by_role("textbox", name="Name").fill("CI of the shop")
    await ben.button("Create access token").click()
    shown = ben.page.get_by_role("status").filter(has_text="it is not shown again")
    ben.api.token = str(await shown.get_by_role("code").text_content())
    await ben.report("by-token", "run-1")
    await ben.row("CI of the shop").get_by_role("button", name="Revoke").click()
    await ben.button("Revoke the token").click()

    await expect(ben.page.get_by_role("heading", name="CI of the shop", exact=True)).to_be_hidden()
    with pytest.raises(AssertionError, match="revoked"):
        await ben.report("by-token", "run-2")


async def test_an_integration_is_paused_resumed_and_deleted(team: Team) -> None:
    ada = await team.person("Ada")
    story = await begin_story(team, ada)
    integration, _ = await story.add_sharing(name="Short-lived", monitor="short")
    await story.browser.close()
    await ada.open(f"/integrations/{integration}")

    await ada.button("Pause").click()
    await expect(ada.page.get_by_text("Paused", exact=True)).to_be_visible()
    await ada.button("Resume").click()
    await expect(ada.page.get_by_text("Active")).to_be_visible()
    await ada.button("Delete").click()
    await expect(ada.page.get_by_text("its run log goes with it")).to_be_visible()
    await ada.button("Delete the integration").click()

    await ada.sees_page("Integrations")
    await expect(ada.page.get_by_text("No integrations yet")).to_be_visible()
