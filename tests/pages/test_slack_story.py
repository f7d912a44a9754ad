"""The story of the README as the pages tell it: Slack, from the catalogue to a message, through a deletion and back."""

from typing import Literal

import pytest
from playwright.async_api import Page, expect

from tests.pages.people import Person, Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_a_member_adds_slack_from_the_catalogue_for_the_team_and_sees_the_message_arrive_live(team: Team) -> None:
    """Sentences 1, 2, 3, 5, 6, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 36, 43."""
    ben = await team.person("Ben")

    await choose_slack_in_the_catalogue(ben)
    await ben.tick("Add Slack for your team")
    await (await ben.sign_in_at_slack()).close()
    await expect(ben.page.get_by_role("img", name="Connected")).to_be_visible()
    await expect(ben.page.get_by_text("Connected to Acme")).to_be_visible()
    await fill_in_fields(ben, monitor="checkout-story", channel="monitoring")
    await ben.button("Add integration").click()

    await ben.sees_page("Post monitoring results")
    await expect(ben.page.get_by_text("Nothing yet")).to_be_visible()
    await ben.report("checkout-story", "run-1", monitorName="Checkout of the story")
    log = ben.page.get_by_role("region", name="Run log")
    await expect(log.get_by_role("listitem").filter(has_text="run-1").first).to_contain_text("Delivered")
    await expect(log.get_by_role("listitem").filter(has_text="run-1").first).to_contain_text("accepted")
    await ben.page.goto(team.service.sandbox_url)
    await expect(ben.page.get_by_text("Checkout of the story").first).to_be_visible()

    await ben.open("/settings/installed-apps")
    await ben.sees_page("Installed apps")
    app = ben.page.get_by_role("list", name="Installed apps").get_by_role("listitem")
    await expect(app).to_have_count(1)
    await expect(app.get_by_role("heading", name="Acme")).to_be_visible()
    await expect(app).to_contain_text("connected to Acme")
    await expect(app).to_contain_text("set up by Ben")
    await expect(app).to_contain_text("Active")


async def test_an_admin_deletes_the_app_and_is_told_before_and_after_what_stops_and_a_sign_in_brings_it_back(team: Team) -> None:
    """Sentences 4, 7, 27, 28, 29, 30, 33, 34, 40, 41, 42, 45, 46."""
    ada, ben = await team.person("Ada"), await team.person("Ben")
    await add_slack_in_settings(ada)

    await choose_slack_in_the_catalogue(ben)
    await expect(ben.page.get_by_role("img", name="Connected")).to_be_visible()
    await expect(ben.page.get_by_text("Connected to Acme as set up by Ada.")).to_be_visible()
    await fill_in_fields(ben, monitor="night", channel="random")
    await ben.page.get_by_role("textbox", name="Name").fill("Nightly to random")
    await ben.button("Add integration").click()
    await ben.sees_page("Nightly to random")

    await ada.go_to("Installed apps")
    await ada.button("Delete").click()
    dialog = ada.page.get_by_role("alertdialog").or_(ada.page.get_by_role("dialog"))
    await expect(dialog).to_contain_text("1 integration would stop")
    await expect(dialog).to_contain_text("Nightly to random, made by Ben")
    await dialog.get_by_role("button", name="Delete the installed app").click()
    await expect(dialog).to_be_hidden()
    told = ada.page.get_by_role("status").filter(has_text="The installed app is deleted")
    await expect(told).to_contain_text("1 integration stopped")
    await expect(told.get_by_role("link", name="Nightly to random")).to_be_visible()
    await expect(ada.page.get_by_text("No installed apps yet")).to_be_visible()

    banner = ben.page.get_by_role("region", name="What is wrong")
    await expect(banner).to_contain_text("deleted")
    await expect(banner.get_by_role("img", name="Warning")).to_be_visible()
    await (await ben.sign_in_at_slack("Re-authenticate")).close()
    await expect(banner).to_be_hidden()
    await ben.report("night", "run-2")
    await expect(ben.row("run-2")).to_contain_text("Delivered")


async def test_slack_is_added_in_the_settings_where_it_appears_by_itself_once_the_tab_is_done(team: Team) -> None:
    """Sentences 8, 9, 10, 13, 37."""
    ada, ben = await team.person("Ada"), await team.person("Ben")
    await ben.go_to("Installed apps")

    tab = await add_slack_in_settings(ada)

    await expect(tab.get_by_text("You can close this tab")).to_be_visible()
    await tab.close()
    await expect(ada.row("connected to Acme")).to_contain_text("set up by Ada")
    await expect(ben.row("connected to Acme")).to_contain_text("set up by Ada")


async def test_a_member_uses_credentials_of_their_own_where_the_team_has_an_app(team: Team) -> None:
    """Sentence 31."""
    ada, ben = await team.person("Ada"), await team.person("Ben")
    await add_slack_in_settings(ada)

    await choose_slack_in_the_catalogue(ben)
    await ben.button("Use other credentials").click()
    await (await ben.sign_in_at_slack(workspace="Globex")).close()
    await expect(ben.page.get_by_text("Connected to Globex")).to_be_visible()
    await fill_in_fields(ben, monitor="own", channel="project-003", search="project-003")
    await ben.button("Add integration").click()

    await ben.sees_page("Post monitoring results")
    await expect(ben.page.get_by_text("Its own sign-in, by Ben")).to_be_visible()


async def test_from_the_first_page_to_a_message_it_takes_at_most_twelve_clicks_and_three_typed_fields(team: Team) -> None:
    ben = await team.person("Ben")
    page = ben.page
    clicks: list[str] = []
    fields: list[str] = []

    async def click(*, role: Literal["link", "button"], name: str) -> None:
        clicks.append(name)
        await page.get_by_role(role, name=name, exact=True).first.click()

    await click(role="link", name="Browse all integrations")
    await click(role="link", name="Add integration: Post monitoring results with Slack")
    async with page.expect_popup() as opened:
        await click(role="button", name="Sign in to Slack")
    tab = await opened.value
    for button in ("Go on to Slack", "Allow"):
        clicks.append(button)
        await tab.get_by_role("button", name=button).click()
    await tab.wait_for_url(f"{ben.url}/**")
    await tab.close()
    fields.append("Monitor")
    await page.get_by_role("combobox", name="Monitor").fill("counted")
    clicks += ["Channel", "monitoring"]
    await ben.pick("Channel", "monitoring")
    await click(role="button", name="Add integration")
    await ben.sees_page("Post monitoring results")
    await ben.report("counted", "run-1")
    await expect(ben.row("run-1")).to_contain_text("Delivered")

    assert len(clicks) <= 12, clicks
    assert len(fields) <= 3, fields


async def choose_slack_in_the_catalogue(person: Person) -> None:
    await person.go_to("Integrations")
    await person.page.get_by_role("link", name="Browse all integrations").first.click()
    await person.sees_page("Browse all integrations")
    await person.page.get_by_role("searchbox", name="Search providers and kinds").fill("slac")
    await expect(person.page.get_by_role("region", name="GitLab")).to_be_hidden()
    await person.page.get_by_role("link", name="Add integration: Post monitoring results with Slack").click()
    await person.sees_page("Add integration: Post monitoring results")


async def fill_in_fields(person: Person, *, monitor: str, channel: str, search: str = "") -> None:
    await person.page.get_by_role("combobox", name="Monitor").fill(monitor)
    if search:
        await person.page.get_by_role("combobox", name="Channel").fill(search)
    await person.pick("Channel", channel)
    await expect(person.page.get_by_role("combobox", name="Channel")).to_have_value(channel)


async def add_slack_in_settings(person: Person) -> Page:
    await person.go_to("Installed apps")
    await person.page.get_by_role("link", name="Add Slack").click()
    await person.sees_page("Add Slack")
    tab = await person.sign_in_at_slack()
    await person.sees_page("Installed apps")
    return tab
