"""The log, narrowed by a filter that stands in the page's address."""

from uuid import uuid4

import pytest
from playwright.async_api import expect

from app.graphql.ids import encode_id
from tests.pages.people import Person, Team
from tests.pages.scene import add_with_app, begin_story

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

_RENAME_APP = """
mutation ($id: ID!, $name: String!) {
  editInstalledApp(input: { id: $id, name: $name }) { installedApp { id } userErrors { message } }
}"""


async def test_the_log_is_narrowed_live_by_what_happened_who_did_it_and_what_it_is_about(team: Team) -> None:
    ada, ben = await team.person("Ada"), await team.person("Ben")
    story = await begin_story(team, ada)
    _, app = await story.add_sharing(name="Weekly", monitor="weekly")
    await add_with_app(story, app, name="Monthly", monitor="monthly")
    await story.browser.close()
    await ben.go_to("Activity")
    log = ben.page.get_by_role("list", name="Activity").get_by_role("listitem")

    await ben.page.get_by_label("What happened").select_option(label="An integration was added")
    await expect(log).to_have_count(2)
    await ben.pick("What it is about", "Monthly")
    await expect(log).to_have_count(1)
    await expect(log).to_contain_text("Monthly")
    await ben.button("Clear the filter").click()
    await expect(ben.page.get_by_role("combobox", name="What it is about")).to_have_value("")
    await ben.page.get_by_label("What happened").select_option(label="Installed apps: all")
    await ben.pick("Who did it", "Ada")
    await expect(log).to_have_count(1)
    await ben.report("weekly", "not in the filter")
    await rename(ada, app, "Slack of the shop")
    await expect(log).to_have_count(2)

    await expect(log.first).to_contain_text("Slack of the shop")
    await ben.page.reload()
    await expect(log).to_have_count(2)
    await expect(ben.page.get_by_label("What happened")).to_have_value("installed-apps")
    await expect(ben.page.get_by_role("combobox", name="Who did it")).to_have_value("Ada")
    await ben.pick("What it is about", "Slack of the shop")
    await ben.go_to("Activity")
    await expect(ben.page.get_by_role("combobox", name="Who did it")).to_have_value("")
    await expect(ben.page.get_by_role("combobox", name="What it is about")).to_have_value("")


async def test_a_filter_that_finds_nothing_says_so_and_one_button_ends_it(team: Team) -> None:
    ben = await team.person("Ben")
    await ben.go_to("Activity")
    log = ben.page.get_by_role("list", name="Activity").get_by_role("listitem")
    await expect(log.first).to_be_visible()
    first, until = ben.page.get_by_label("From"), ben.page.get_by_label("Until")

    await first.fill("2020-01-02T10:00")
    await until.fill("2020-01-01T10:00")
    await expect(until).to_have_accessible_description("This is not later than “From”.")
    await until.fill("2020-01-03T10:00")
    await expect(ben.page.get_by_role("status").filter(has_text="Nothing found")).to_be_visible()
    await until.fill("")
    await expect(log.first).to_be_visible()
    await ben.button("Clear the filter").click()

    await expect(first).to_have_value("")
    await expect(ben.page.get_by_label("What happened")).to_be_focused()
    await expect(ben.button("Clear the filter")).to_be_disabled()
    assert ben.page.url.endswith("/activity")


async def test_an_address_whose_filter_names_what_is_gone_says_that_and_one_that_is_none_shows_everything(team: Team) -> None:
    ben = await team.person("Ben")
    gone = encode_id("Integration", uuid4())

    await ben.open(f"/activity?about={gone}")
    await expect(ben.page.get_by_role("combobox", name="What it is about")).to_have_value("Something that is gone")
    await expect(ben.page.get_by_role("heading", name="Nothing found")).to_be_visible()
    await ben.open("/activity?what=nothing&from=yesterday")

    await expect(ben.page.get_by_label("What happened")).to_have_value("")
    await expect(ben.page.get_by_role("list", name="Activity").get_by_role("listitem").first).to_be_visible()


async def rename(person: Person, app: str, name: str) -> None:
    assert (await person.api.ask(_RENAME_APP, id=app, name=name))["editInstalledApp"]["userErrors"] == []
