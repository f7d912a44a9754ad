"""What a page is to those who do not see it as others do: axe-core's rules, both colour schemes, narrow and wide."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.pages.people import Person, Team
from tests.pages.scene import Scene
from tests.peers.processes import need

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

_AXE = Path(__file__).parent.parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_WIDTHS = (360, 1280, 2560)
_WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def test_axe_finds_nothing_on_any_page_in_either_colour_scheme(furnished: tuple[Team, Scene]) -> None:
    need(installed=_AXE.exists(), reason="axe-core is not installed: scripts/pages")
    team, scene = furnished
    ada = await team.person("Ada")

    found = {}
    for name, path in scene.paths.items():
        await see(ada, path)
        for scheme in _SCHEMES:
            await ada.page.emulate_media(color_scheme=scheme)
            found[f"{name}, {scheme}"] = await violations(ada.page)

    assert {place: said for place, said in found.items() if said} == {}


async def test_axe_finds_nothing_in_dialogs_open_lists_and_errors(furnished: tuple[Team, Scene]) -> None:
    need(installed=_AXE.exists(), reason="axe-core is not installed: scripts/pages")
    team, _ = furnished
    ada = await team.person("Ada")
    found = {}

    await see(ada, "/settings/installed-apps")
    await ada.button("Delete").first.click()
    await expect(ada.page.get_by_role("dialog").or_(ada.page.get_by_role("alertdialog"))).to_be_visible()
    found["dialog"] = await violations(ada.page)
    await see(ada, "/integrations/add/slack/post-monitoring-results")
    await ada.open_choices("Channel", "monitoring")
    # All else is hidden from screen readers while a list is open, and Tab closes it before it leaves it.
    found["open list"] = await violations(ada.page, within="[role=listbox]")
    await ada.page.keyboard.press("Tab")
    await expect(ada.page.get_by_role("option")).to_have_count(0)
    await see(ada, "/settings/members")
    await ada.button("Add member").click()
    await expect(ada.page.get_by_role("textbox", name="Name")).to_have_attribute("aria-invalid", "true")
    found["error"] = await violations(ada.page)

    assert {place: said for place, said in found.items() if said} == {}


async def test_axe_finds_nothing_on_the_pages_of_a_sign_in(furnished: tuple[Team, Scene]) -> None:
    need(installed=_AXE.exists(), reason="axe-core is not installed: scripts/pages")
    team, _ = furnished
    ben = await team.person("Ben")
    found = {}

    await see(ben, "/settings/installed-apps/add/slack")
    async with ben.page.expect_popup() as opened:
        await ben.button("Sign in to Slack").click()
    tab = await opened.value
    await expect(tab.get_by_role("button", name="Go on to Slack")).to_be_visible()
    found["consent"] = await violations(tab)
    await tab.get_by_role("button", name="Go on to Slack").click()
    await tab.get_by_role("button", name="Cancel").click()
    await expect(tab.get_by_text("Nothing was connected")).to_be_visible()
    found["denied"] = await violations(tab)
    await expect(ben.button("Begin again")).to_be_visible()
    found["denied, on the page"] = await violations(ben.page)
    await tab.goto(f"{team.service.url}/sign-in")
    found["sign in"] = await violations(tab)
    await tab.close()

    assert {place: said for place, said in found.items() if said} == {}


async def test_no_page_is_wider_than_its_window(furnished: tuple[Team, Scene]) -> None:
    team, scene = furnished
    ada = await team.person("Ada")

    too_wide = {}
    for name, path in scene.paths.items():
        await see(ada, path)
        for width in _WIDTHS:
            await ada.page.set_viewport_size({"width": width, "height": 800})
            too_wide[f"{name} at {width}"] = await ada.page.evaluate(_WIDER_THAN_THE_WINDOW)

    assert {place: by for place, by in too_wide.items() if by > 0} == {}


async def see(person: Person, path: str) -> None:
    """Open a page and wait until it has read what it shows."""
    await person.open(path)
    await expect(person.page.get_by_role("heading", level=1)).to_be_visible()
    await expect(person.page.get_by_text("…", exact=False).and_(person.page.get_by_role("status"))).to_have_count(0)
    await person.page.wait_for_load_state("networkidle")


async def violations(page: Page, *, within: str = "") -> list[str]:
    """Return what axe-core says is wrong with the page as it stands, or with a part of it: the rule, and where."""
    part = json.dumps(within) if within else "document"
    await page.evaluate(_AXE.read_text("utf-8"))
    told: dict[str, Any] = json.loads(await page.evaluate(f"axe.run({part}).then((found) => JSON.stringify(found))"))
    assert told["passes"]
    return [f"{each['id']}: {node['html']} {node['failureSummary']}" for each in told["violations"] for node in each["nodes"]]
