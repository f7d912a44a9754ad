"""Sign-ins that come to nothing, as the page that waits for them tells it."""

import pytest
from playwright.async_api import expect

from tests.pages.people import Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_a_sign_in_that_is_denied_is_told_on_the_page_and_can_be_begun_again(team: Team) -> None:
    ben = await team.person("Ben")
    await ben.open("/integrations/add/slack/post-monitoring-results")

    tab = await ben.sign_in_at_slack(answer="Cancel")

    await expect(tab.get_by_text("Nothing was connected")).to_be_visible()
    await tab.close()
    told = ben.page.get_by_role("status").filter(has_text="Slack")
    await expect(told.or_(ben.page.get_by_role("alert")).first).to_be_visible()
    await expect(ben.page.get_by_role("img", name="Connected")).to_be_hidden()
    await (await ben.sign_in_at_slack("Begin again")).close()
    await expect(ben.page.get_by_role("img", name="Connected")).to_be_visible()


async def test_a_tab_that_was_closed_can_be_opened_again_from_the_page(team: Team) -> None:
    ben = await team.person("Ben")
    await ben.open("/integrations/add/slack/post-monitoring-results")
    async with ben.page.expect_popup() as opened:
        await ben.button("Sign in to Slack").click()
    tab = await opened.value
    await tab.get_by_role("button", name="Go on to Slack").wait_for()
    await tab.close()
    await expect(ben.page.get_by_text("Go on in the new tab, and come back here.")).to_be_visible()

    async with ben.page.expect_popup() as opened:
        await ben.page.get_by_role("link", name="Open the sign-in").click()
    again = await opened.value
    await again.get_by_role("button", name="Go on to Slack").click()
    await again.get_by_role("button", name="Allow").click()

    await expect(ben.page.get_by_role("img", name="Connected")).to_be_visible()
