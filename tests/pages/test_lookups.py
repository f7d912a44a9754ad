"""Choices that are looked up: what a field says while they cannot be, and that they can always be opened again."""

import pytest
from playwright.async_api import expect

from tests.pages.orders import faults_of
from tests.pages.people import Person, Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_channels_that_cannot_be_looked_up_are_not_taken_for_none_and_can_be_looked_up_again(team: Team) -> None:
    ben = await person_with_slack(team)
    field = ben.page.get_by_role("combobox", name="Channel")

    async with faults_of(team.service, "slack") as faults:
        await faults.break_all()
        await field.click()
        await expect(ben.page.get_by_text("They could not be looked up.")).to_be_visible()
        await expect(ben.page.get_by_text("Nothing found.")).to_have_count(0)
        await ben.page.keyboard.press("Escape")
        await expect(ben.page.get_by_role("alert")).to_contain_text("Slack")
    await ben.button("Look again").click()

    await expect(ben.page.get_by_role("alert")).to_have_count(0)
    await ben.pick("Channel", "random")
    await expect(field).to_have_value("random")


async def test_a_list_that_the_scrolling_page_has_closed_opens_with_the_next_click_into_its_field(team: Team) -> None:
    ben = await person_with_slack(team)
    await ben.page.set_viewport_size({"width": 1280, "height": 500})
    option = await ben.open_choices("Channel", "random")
    await ben.page.evaluate("scrollBy(0, 40)")
    await expect(option).to_be_hidden()

    await ben.page.get_by_role("combobox", name="Channel").click()

    await expect(option).to_be_visible()


async def person_with_slack(team: Team) -> Person:
    """Return a member who is about to choose a channel of the team's Slack."""
    ben = await team.person("Ben")
    await ben.open("/integrations/add/slack/post-monitoring-results")
    await (await ben.sign_in_at_slack()).close()
    await expect(ben.page.get_by_role("img", name="Connected")).to_be_visible()
    return ben
