import pytest
from playwright.async_api import expect

from tests.pages.people import Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_whoever_signs_in_stands_at_the_integrations_and_is_told_what_they_are(team: Team) -> None:
    ada = await team.person("Ada")

    await ada.sees_page("Integrations")
    await expect(ada.page.get_by_role("heading", name="No integrations yet")).to_be_visible()
    await expect(ada.page.get_by_role("banner")).to_contain_text(team.name)
