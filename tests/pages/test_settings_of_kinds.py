"""What the forms of the kinds that post offer beside the channel: what is told, of which installed apps, and who is called."""

import pytest
from playwright.async_api import expect

from tests.journeys.story import DELETE
from tests.pages.people import Team
from tests.pages.scene import begin_story

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_what_a_channel_is_told_of_the_team_is_chosen_in_words_and_shown_again(team: Team) -> None:
    ada = await team.person("Ada")
    story = await begin_story(team, ada)
    await story.add_sharing(name="Weekly", monitor="weekly")
    await story.browser.close()
    page = ada.page

    await ada.open("/integrations/add/slack/post-team-activity")
    await ada.pick("Channel", "general")
    await ada.button("Add integration").click()
    await expect(
        page.get_by_role("definition").filter(has_text="What stopped, what will stop, and what came back")
    ).to_be_visible()
    await page.get_by_role("link", name="Edit integration").click()
    await ada.tick("What I choose")
    await ada.button("Save changes").click()
    await expect(page.get_by_role("alert").filter(has_text="Name at least one type")).to_be_visible()
    await ada.tick("An integration was deleted")
    await ada.tick("A member was added")
    await ada.tick("Only some, and what uses them")
    await ada.button("Save changes").click()
    await expect(page.get_by_role("group", name="Installed apps").last).to_contain_text("Name 1 to 20 installed apps")
    await ada.tick("Acme")
    await ada.button("Save changes").click()

    await ada.sees_page("Post team activity")
    told = page.get_by_role("definition").filter(has_text="An integration was deleted")
    await expect(told.get_by_role("listitem")).to_have_text(["An integration was deleted", "A member was added"])
    await expect(page.get_by_role("definition").filter(has_text="Acme").first).to_be_visible()


async def test_whom_a_failure_calls_is_chosen_and_a_user_group_by_its_id(team: Team) -> None:
    ada = await team.person("Ada")
    story = await begin_story(team, ada)
    integration, app = await story.add_sharing(name="Weekly", monitor="weekly")
    await story.browser.close()
    page = ada.page

    await ada.open(f"/integrations/{integration}/edit")
    await ada.tick("(@here)")
    await ada.tick("Show the success that ends them in the channel too")
    await ada.button("Save changes").click()
    await expect(page.get_by_role("definition").filter(has_text="In the thread only")).to_be_visible()
    await expect(page.get_by_role("definition").filter(has_text="@here")).to_be_visible()
    await page.get_by_role("link", name="Edit integration").click()
    await ada.tick("A user group")
    group = page.get_by_role("textbox", name="User group's ID")
    await expect(ada.button("Save changes")).to_be_disabled()
    await group.fill("on-call")
    await ada.button("Save changes").click()
    await expect(group).to_have_attribute("aria-invalid", "true")
    await group.fill("S0614TZR7")
    await ada.button("Save changes").click()

    await expect(page.get_by_role("definition").filter(has_text="the user group S0614TZR7")).to_be_visible()
    await page.get_by_role("link", name="Edit integration").click()
    await expect(group).to_have_value("S0614TZR7")
    assert (await story.admin.ask(DELETE, input={"id": app}))["deleteInstalledApp"]["userErrors"] == []
    await expect(page.get_by_text("To choose another channel, sign in first")).to_be_visible()
    await group.fill("")
    await expect(ada.button("Save changes")).to_be_disabled()
