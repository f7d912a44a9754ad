"""What the forms of the kinds that post offer beside the channel: what is told, of which installed apps, and who is called."""

import pytest
from playwright.async_api import expect

from tests.journeys.story import DELETE
from tests.pages.people import Team
from tests.pages.scene import begin_story
from tests.providers.pasted import SIGNING_SECRET

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

_ADD_WEBHOOK = """
mutation ($fields: [SecretFieldInput!]!) {
  addInstalledApp(input: { using: { secret: { provider: "webhook", fields: $fields } } }) { userErrors { message } }
}"""


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


async def test_a_webhook_that_has_no_threads_and_calls_nobody_is_asked_about_neither(team: Team) -> None:
    ada = await team.person("Ada")
    given = {"url": f"{team.service.sandbox_url}/webhook/results", "signingSecret": SIGNING_SECRET}
    fields = [{"name": name, "value": value} for name, value in given.items()]
    assert (await ada.api.ask(_ADD_WEBHOOK, fields=fields))["addInstalledApp"]["userErrors"] == []

    await ada.open("/integrations/add/webhook/post-monitoring-results")

    await expect(ada.page.get_by_role("radiogroup")).to_have_accessible_name("When to post")
