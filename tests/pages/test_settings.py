"""Members, access tokens and monitors, as each role finds them."""

import pytest
from playwright.async_api import expect

from tests.pages.people import Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_a_member_who_never_signed_in_is_told_from_those_who_did(team: Team) -> None:
    ada = await team.person("Ada")

    await ada.go_to("Members")

    await expect(ada.row("ada@example.com")).to_contain_text("Last signed in")
    await expect(ada.row("vic@example.com")).to_contain_text("Has not signed in yet.")


async def test_a_token_can_be_given_what_its_owner_may_do_and_an_end_that_is_a_number_of_days(team: Team) -> None:
    ben, vic = await team.person("Ben"), await team.person("Vic")
    for person, scopes in ((ben, ["Read", "Report runs", "Change integrations"]), (vic, ["Read"])):
        await person.go_to("Access tokens")
        offered = person.page.get_by_role("group", name="What it may do").get_by_role("checkbox")
        await expect(offered).to_have_count(len(scopes))
    days = vic.page.get_by_role("textbox", name="Days until it expires")

    await vic.page.get_by_role("textbox", name="Name").fill("Reader")
    await days.fill("soon")
    await vic.button("Create access token").click()
    await expect(days).to_have_attribute("aria-invalid", "true")
    await days.fill("7")
    await vic.button("Create access token").click()

    await expect(vic.page.get_by_role("status").filter(has_text="it is not shown again")).to_be_in_viewport()
    await expect(vic.row("Reader")).to_contain_text("Expires in 7 days")


async def test_what_failed_in_a_run_is_read_on_the_page_of_monitors(team: Team) -> None:
    ben = await team.person("Ben")
    failures = [{"name": "Pay", "message": "Expected status 200 but got 503"}]
    await ben.report("checkout", "build-2", outcome="FAILED", testCount=12, failedTestCount=1, failures=failures)
    await ben.go_to("Monitors")
    await expect(ben.row("build-2")).to_contain_text("1 of 12 tests failed")
    asked = ben.button("What failed in the run \u2068build-2\u2069")

    await asked.click()
    await expect(ben.row("build-2")).to_contain_text("Pay: Expected status 200 but got 503")
    await asked.click()

    await expect(ben.page.get_by_text("Expected status 200 but got 503")).to_be_hidden()


async def test_the_focus_goes_to_the_page_when_the_row_that_had_it_is_gone_and_back_to_a_button_that_is_not(team: Team) -> None:
    ada = await team.person("Ada")
    await ada.go_to("Members")
    vic = ada.row("vic@example.com")

    await vic.get_by_role("button", name="Change role").click()
    await ada.button("Cancel").click()
    await expect(vic.get_by_role("button", name="Change role")).to_be_focused()
    await vic.get_by_role("button", name="Change role").click()
    await ada.page.get_by_role("dialog").get_by_text("Member: adds integrations").click()
    await ada.button("Save changes").click()
    await expect(vic.get_by_text("Member", exact=True)).to_be_visible()
    await expect(vic.get_by_role("button", name="Change role")).to_be_focused()
    await vic.get_by_role("button", name="Remove").click()
    await ada.button("Remove the member").click()

    await expect(ada.page.get_by_text("vic@example.com")).to_be_hidden()
    await expect(ada.page.get_by_role("main")).to_be_focused()
