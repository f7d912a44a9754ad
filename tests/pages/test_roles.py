"""What each role finds on the pages: what it may not do is absent, and a line says who may."""

import pytest
from playwright.async_api import expect

from tests.pages.people import Person, Team
from tests.pages.scene import Scene

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_an_admin_may_do_everything(furnished: tuple[Team, Scene]) -> None:
    team, scene = furnished
    ada = await team.person("Ada")

    await ada.open("/settings/installed-apps")
    app = ada.page.get_by_role("list", name="Installed apps").get_by_role("listitem").filter(has_text="set up by Ada").first
    for button in ("Edit", "Check now", "Delete"):
        await expect(app.get_by_role("button", name=button, exact=True)).to_be_visible()
    await ada.open("/settings/members")
    await expect(ada.button("Add member")).to_be_visible()
    await ada.open(f"/integrations/{scene.slack}")
    await expect(ada.button("Pause")).to_be_visible()
    await expect(ada.button("Delete")).to_be_visible()


async def test_a_member_is_told_who_deletes_apps_adds_servers_and_edits_what_others_made(furnished: tuple[Team, Scene]) -> None:
    team, scene = furnished
    ben = await team.person("Ben")

    await ben.open("/settings/installed-apps")
    await expect(ben.row("set up by Ada")).to_contain_text("Team Admins can delete it.")
    await assert_absent(ben, "Delete", "Edit")
    await expect(ben.page.get_by_role("link", name="Add Slack")).to_be_visible()
    await expect(ben.page.get_by_role("link", name="Add GitLab")).to_have_count(0)
    await expect(ben.page.get_by_text("Team Admins can add")).to_be_visible()
    await ben.open("/settings/installed-apps/add/gitlab-self-managed")
    await expect(ben.page.get_by_text("Team Admins can add GitLab")).to_be_visible()
    await assert_absent(ben, "Add installed app")
    await ben.open("/settings/members")
    await expect(ben.page.get_by_text("Team Admins can add members")).to_be_visible()
    await assert_absent(ben, "Add member", "Remove", "Change role", "New sign-in link")
    await ben.open(f"/integrations/{scene.slack}")
    await expect(ben.page.get_by_text("Whoever made it can edit and delete it, and Team Admins can.")).to_be_visible()
    await assert_absent(ben, "Pause", "Delete")


async def test_a_viewer_only_looks_and_is_told_who_may_do_more(furnished: tuple[Team, Scene]) -> None:
    team, scene = furnished
    vic = await team.person("Vic")

    await vic.sees_page("Integrations")
    await expect(vic.row("Checkout to monitoring")).to_be_visible()
    await expect(vic.page.get_by_role("link", name="Browse all integrations")).to_have_count(0)
    await expect(vic.page.get_by_text("Members and Team Admins can add integrations.")).to_be_visible()
    await vic.open("/integrations/browse")
    await expect(vic.page.get_by_role("heading", name="Slack")).to_be_visible()
    await expect(vic.page.get_by_role("link", name="Add integration")).to_have_count(0)
    await expect(vic.page.get_by_text("Members and Team Admins can add integrations.")).to_be_visible()
    await vic.open("/integrations/add/slack/post-monitoring-results")
    await expect(vic.page.get_by_text("Members and Team Admins can add integrations.")).to_be_visible()
    await assert_absent(vic, "Add integration", "Sign in to Slack")
    await vic.open("/settings/installed-apps")
    await expect(vic.row("set up by Ada")).to_be_visible()
    await assert_absent(vic, "Delete", "Edit", "Check now", "Re-authenticate")
    await expect(vic.page.get_by_role("link", name="Add Slack")).to_have_count(0)
    await vic.open(f"/integrations/{scene.stopped}")
    await expect(vic.page.get_by_role("img", name="Warning")).to_be_visible()
    await expect(vic.page.get_by_text("Members and Team Admins can re-authenticate it.")).to_be_visible()
    await assert_absent(vic, "Re-authenticate", "Pause", "Delete")
    await vic.open(f"/integrations/{scene.slack}")
    await expect(vic.page.get_by_role("region", name="Run log")).to_contain_text("build-2")
    await assert_absent(vic, "Pause", "Delete", "Try again", "Send a test message")


async def assert_absent(person: Person, *buttons: str) -> None:
    for button in buttons:
        await expect(person.button(button)).to_have_count(0)
