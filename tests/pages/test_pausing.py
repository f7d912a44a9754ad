"""What a paused integration's page says, and to whom."""

import pytest
from playwright.async_api import expect

from tests.pages.people import Team
from tests.pages.scene import begin_story

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_a_paused_integration_says_so_and_is_resumed_from_there_by_whom_it_lets(team: Team) -> None:
    ada, ben = await team.person("Ada"), await team.person("Ben")
    story = await begin_story(team, ada)
    integration, _ = await story.add_sharing(name="Weekly", monitor="weekly")
    await story.browser.close()
    for person in (ada, ben):
        await person.open(f"/integrations/{integration}")
    paused = [person.page.get_by_role("region", name="Paused") for person in (ada, ben)]

    await ada.button("Pause").click()
    for banner in paused:
        await expect(banner).to_contain_text("until somebody resumes it")
    await expect(paused[1]).to_contain_text("Whoever made it can resume it, and Team Admins can.")
    await expect(ben.button("Resume")).to_have_count(0)
    await expect(ada.page.get_by_role("main")).to_be_focused()
    await paused[0].get_by_role("button", name="Resume").click()

    for banner in paused:
        await expect(banner).to_be_hidden()
    await expect(ada.button("Pause")).to_be_visible()
    await expect(ada.page.get_by_role("main")).to_be_focused()
