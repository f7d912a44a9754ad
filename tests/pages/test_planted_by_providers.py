"""What a provider sends is text too, whatever it calls its workspaces, people, channels, repositories, branches and files."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from app.providers.slack.calls import SCOPES
from tests.journeys.story import Story
from tests.journeys.test_git_story import add_server
from tests.pages.orders import faults_of, order
from tests.pages.people import Person, Team
from tests.pages.scene import begin_story
from tests.pages.test_planted_strings import MARKUP, what_is_alive

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

TURNING = "\u202eturned\u2066"
"""An override and an isolate that nothing ends."""

NAME = f"{MARKUP} {TURNING}"
TIGHT = "<img/src=x/onerror=alive('planted')><script>alive('planted')</script>"
"""Where a name has no spaces."""

FLAT = "<img src=x onerror=alive('planted')>"
"""Where it has no slashes."""

SCRIPT = "javascript:alive('planted')"
_PLANTED = "acme/payments-api"
_COUNT = "globalThis.alive = () => { globalThis.planted = (globalThis.planted ?? 0) + 1; }"


async def test_nothing_that_slack_sends_is_alive_on_any_page(team: Team) -> None:
    ada = await team.person("Ada")
    await ada.page.add_init_script(_COUNT)
    alive = {}
    async with faults_of(team.service, "slack") as faults:
        workspace = {"ok": True, "url": SCRIPT, "team": NAME, "team_id": "T0ACME001", "user": NAME, "user_id": "U0ACMEB01"}
        await faults.answer("auth.test", workspace, headers={"X-OAuth-Scopes": ",".join(SCOPES)})
        channel = {"id": "C0ACME002", "name": TIGHT, "is_private": True, "is_archived": False, "is_member": True}
        await faults.answer("conversations.list", {"ok": True, "channels": [channel]}, times=9)
        await faults.answer("conversations.info", {"ok": True, "channel": channel})
        await faults.answer("chat.getPermalink", {"ok": True, "permalink": SCRIPT}, times=9)
        story = await begin_story(team, ada)
        integration, _ = await story.add_sharing(name="Planted", monitor="planted", channel=TIGHT)
        await story.browser.close()
        await ada.report("planted", "run-1")

        await ada.open(f"/integrations/{integration}")
        await expect(ada.page.get_by_role("definition").filter(has_text=TIGHT)).to_be_visible()
        await expect(ada.row("run-1")).to_contain_text("Delivered")
        alive["integration"] = await what_is_alive(ada.page)
        await expect(ada.row("run-1").get_by_role("link")).to_have_count(0)
        for path in ("/integrations", "/settings/installed-apps", "/activity"):
            alive[path] = await alive_at(ada, path, has=MARKUP)
        await ada.open("/settings/installed-apps")
        await ada.button("Delete").click()
        await expect(ada.page.get_by_role("dialog")).to_contain_text(MARKUP)
        alive["dialog"] = await what_is_alive(ada.page)
        alive["connected"] = await alive_at(ada, "/integrations/add/slack/post-monitoring-results", has=MARKUP)
        await ada.page.get_by_role("combobox", name="Channel").press("ArrowDown")
        alive["channels"] = await alive_in_list(ada.page, has=TIGHT)

    assert {place: found for place, found in alive.items() if any(found.values())} == {}


async def test_nothing_that_a_git_server_sends_is_alive_on_any_page(team: Team) -> None:
    ada = await team.person("Ada")
    await ada.page.add_init_script(_COUNT)
    await ada.page.set_viewport_size({"width": 1280, "height": 2000})  # what is scrolled closes its list
    await plant_files(team)
    alive = {}
    async with faults_of(team.service, "gitlab") as faults:
        story = Story(team.service, ada.api, ada.api)
        await add_server(story, provider="gitlab-self-managed", path="gitlab")
        await faults.answer("user", {"id": 1, "username": NAME, "name": NAME, "web_url": SCRIPT, "avatar_url": SCRIPT})
        await ada.open("/settings/installed-apps")
        server = ada.page.get_by_role("button", name="Sign in to")
        await sign_in(ada, str(await server.text_content()))
        await expect(server).to_be_hidden()
        alive["accounts"] = await alive_at(ada, "/settings/connected-accounts", has=MARKUP)

        await ada.open("/integrations/add/gitlab-self-managed/connect-api")
        names = {"path": NAME, "path_with_namespace": f"acme/{NAME}", "namespace": {"full_path": NAME}, "web_url": SCRIPT}
        await faults.answer("projects", [{"id": 1, "default_branch": "main", **names}])
        await ada.page.get_by_role("combobox", name="Repository").press("ArrowDown")
        alive["repositories"] = await alive_in_list(ada.page, has=MARKUP)

    await ada.page.get_by_role("combobox", name="Repository").fill("payments")
    await ada.page.get_by_role("option", name="acme/payments-api").click()
    await expect(ada.page.get_by_role("combobox", name="Branch")).to_have_value("main")
    await ada.page.get_by_role("combobox", name="Branch").press("ArrowDown")
    alive["branches"] = await alive_in_list(ada.page, has=TIGHT)
    await ada.page.get_by_role("option", name=TIGHT).click()
    await ada.page.get_by_role("combobox", name="Definition file").press("ArrowDown")
    alive["files"] = await alive_in_list(ada.page, has=f"{FLAT}{TURNING}/")
    await ada.page.get_by_role("option", name=f"{FLAT}{TURNING}.yaml").click()
    await ada.page.get_by_role("textbox", name="API").fill("Planted")
    await ada.button("Add integration").click()
    await expect(ada.page.get_by_role("combobox", name="Branch")).to_have_accessible_description(re.compile(r"U\+202E"))
    alive["refusal"] = await what_is_alive(ada.page)
    await order(team.service, "gitlab/delete_branch", {"repository": _PLANTED, "branch": f"{TIGHT}{TURNING}"})

    assert {place: found for place, found in alive.items() if any(found.values())} == {}


async def plant_files(team: Team) -> None:
    """Commit a file and a directory of such names, on a branch of such a name."""
    for path in (f"{FLAT}{TURNING}.yaml", f"{FLAT}{TURNING}/openapi.yaml"):
        commit = {"repository": _PLANTED, "branch": f"{TIGHT}{TURNING}", "path": path, "content": "{}"}
        await order(team.service, "gitlab/commit", commit)


async def sign_in(person: Person, button: str) -> None:
    tab = await person.sign_in_at_server(button, provider="GitLab Self-Managed", account="Ada Lovelace (ada)")
    await tab.close()


async def alive_at(person: Person, path: str, *, has: str) -> dict[str, Any]:
    await person.open(path)
    await expect(person.page.get_by_role("main")).to_contain_text(has)
    return await what_is_alive(person.page)


async def alive_in_list(page: Page, *, has: str) -> dict[str, Any]:
    await expect(page.get_by_role("option").filter(has_text=has).first).to_be_visible()
    return await what_is_alive(page)
