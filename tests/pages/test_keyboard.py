"""The Slack story without a pointer: what the Tab key cannot reach, nobody at a keyboard can do."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.pages.people import Person, Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

_MOST_STOPS = 60


async def test_the_slack_story_is_told_by_keyboard_alone_to_the_message_and_back_from_a_deletion(team: Team) -> None:
    ada = await team.person("Ada")
    page = ada.page

    await press(page, page.get_by_role("link", name="Browse all integrations").first, "Enter")
    await ada.sees_page("Browse all integrations")
    await reach(page, page.get_by_role("searchbox", name="Search providers and kinds"))
    await page.keyboard.type("slack")
    await press(page, page.get_by_role("link", name="Add integration: Post monitoring results with Slack"), "Enter")
    await press(page, page.get_by_role("checkbox", name="Add Slack for your team"), "Space")
    await expect(page.get_by_role("checkbox", name="Add Slack for your team")).to_be_checked()
    await sign_in(ada, "Sign in to Slack")
    await expect(page.get_by_role("img", name="Connected")).to_be_visible()
    await reach(page, page.get_by_role("combobox", name="Monitor"))
    await page.keyboard.type("by-keyboard")
    await reach(page, page.get_by_role("combobox", name="Channel"))
    async with page.expect_response(lambda answer: '"search":"monitoring"' in (answer.request.post_data or "")):
        await page.keyboard.type("monitoring")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("option")).to_have_count(0)
    await expect(page.get_by_role("combobox", name="Channel")).to_have_value("monitoring")
    await press(page, ada.button("Add integration"), "Enter")
    await ada.sees_page("Post monitoring results")
    await ada.report("by-keyboard", "run-1")
    await expect(ada.row("run-1")).to_contain_text("Delivered")

    await press(page, page.get_by_role("link", name="Installed apps", exact=True), "Enter")
    await ada.sees_page("Installed apps")
    await press(page, ada.button("Delete"), "Enter")
    dialog = page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))
    await expect(dialog).to_contain_text("1 integration would stop")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(ada.button("Delete")).to_be_focused()
    await page.keyboard.press("Enter")
    await press(page, dialog.get_by_role("button", name="Delete the installed app"), "Enter")
    await expect(dialog).to_be_hidden()
    await press(page, page.get_by_role("status").get_by_role("link", name="Post monitoring results"), "Enter")
    await ada.sees_page("Post monitoring results")
    await sign_in(ada, "Re-authenticate")
    await expect(page.get_by_role("region", name="What is wrong")).to_be_hidden()
    await ada.report("by-keyboard", "run-2")
    await expect(ada.row("run-2")).to_contain_text("Delivered")


async def sign_in(person: Person, button: str) -> None:
    async with person.page.expect_popup() as opened:
        await press(person.page, person.button(button), "Enter")
    tab = await opened.value
    await press(tab, tab.get_by_role("button", name="Go on to Slack"), "Enter")
    await press(tab, tab.get_by_role("button", name="Allow"), "Enter")
    await expect(tab.get_by_text("You can close this tab")).to_be_visible()
    await tab.close()


async def press(page: Page, place: Locator, key: str) -> None:
    """Go to a place with the Tab key, and press another one there."""
    await reach(page, place)
    await page.keyboard.press(key)


async def reach(page: Page, place: Locator) -> None:
    """Press Tab until the place has the focus, which has to be seen there."""
    await expect(place).to_be_visible()
    for _ in range(_MOST_STOPS):
        await page.keyboard.press("Tab")
        if await place.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"The Tab key does not reach {place}.")
