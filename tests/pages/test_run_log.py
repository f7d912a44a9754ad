"""The run log of an integration: what could not be posted is tried again from there."""

import pytest
from playwright.async_api import expect

from tests.pages.orders import faults_of
from tests.pages.people import Team
from tests.pages.scene import begin_story

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_a_message_that_failed_is_tried_again_from_the_page_that_saw_it_fail(team: Team) -> None:
    ada, vic = await team.person("Ada"), await team.person("Vic")
    story = await begin_story(team, ada)
    integration, _ = await story.add_sharing(name="Tried again", monitor="tried")
    await story.browser.close()
    for person in (ada, vic):
        await person.open(f"/integrations/{integration}")
        await expect(person.page.get_by_role("region", name="Run log")).to_contain_text("Nothing yet")

    async with faults_of(team.service, "slack") as faults:
        await faults.answer("chat.postMessage", {"ok": False, "error": "is_archived"})
        await ada.report("tried", "run-1")
        for person in (ada, vic):
            await expect(person.row("run-1")).to_contain_text("Failed")
            await expect(person.row("run-1")).to_contain_text("The channel is archived: choose another")
    await expect(vic.button("Try again")).to_have_count(0)
    await ada.row("run-1").get_by_role("button", name="Try again").click()

    for person in (ada, vic):
        await expect(person.row("run-1")).to_contain_text("Delivered")
        await expect(person.row("run-1").get_by_role("link", name="See the message")).to_be_visible()
        await expect(person.button("Try again")).to_have_count(0)
