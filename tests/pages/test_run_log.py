"""What an integration posted, and what it told of the team: what could not be posted is tried again from there."""

import pytest
from playwright.async_api import expect

from tests.journeys.soaking import until
from tests.journeys.story import ADD
from tests.pages.orders import faults_of
from tests.pages.people import Team
from tests.pages.scene import add_with_app, begin_story, channel_of

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


_TOLD = "query ($id: ID!) { integration(id: $id) { activityDeliveries(first: 2) { nodes { status } } } }"


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
    await ada.button("Pause").click()
    await expect(ada.button("Try again")).to_have_count(0)
    await ada.button("Resume").click()
    await ada.row("run-1").get_by_role("button", name="Try again").click()

    for person in (ada, vic):
        await expect(person.row("run-1")).to_contain_text("Delivered")
        await expect(person.button("Try again")).to_have_count(0)
    await expect(ada.row("run-1").get_by_role("link", name="See the message")).to_be_visible()
    await vic.open(f"/integrations/{integration}")  # a viewer asks no provider: the link is there once somebody else has
    await expect(vic.row("run-1").get_by_role("link", name="See the message")).to_be_visible()


async def test_what_could_not_be_told_of_the_team_is_tried_again_too(team: Team) -> None:
    ada = await team.person("Ada")
    story = await begin_story(team, ada)
    _, app = await story.add_sharing(name="Nightly", monitor="nightly")
    settings = {"channelId": await channel_of(story, app, name="general"), "types": ["INTEGRATION_ADDED"]}
    given = {"name": "News", "using": {"installedAppId": app}, "settings": {"postTeamActivity": settings}}
    news = (await story.admin.ask(ADD, input=given))["addIntegration"]["integration"]["id"]

    async def is_at(status: str) -> bool:
        found = (await story.admin.ask(_TOLD, id=news))["integration"]["activityDeliveries"]["nodes"]
        return [each["status"] for each in found] == [status]

    async with faults_of(team.service, "slack") as faults:
        await faults.answer("chat.postMessage", {"ok": False, "error": "is_archived"})
        await add_with_app(story, app, name="Weekly", monitor="weekly")
        await until(lambda: is_at("FAILED"), seconds=30)
    await ada.open(f"/integrations/{news}")
    told = ada.page.get_by_role("region", name="What it told")
    await expect(told.get_by_role("listitem").filter(has_text="Weekly")).to_contain_text("Failed")
    await told.get_by_role("button", name="Try again").click()

    await until(lambda: is_at("DELIVERED"), seconds=30)
    await expect(told.get_by_role("button", name="Try again")).to_have_count(0)
    await expect(told.get_by_role("listitem").filter(has_text="Weekly").first).to_contain_text("Delivered")
    await story.browser.close()
