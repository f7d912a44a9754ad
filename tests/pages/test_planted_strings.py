"""What a person types or a provider sends is text: nothing of it becomes markup, runs, or turns what stands around it."""

from typing import Any

import httpx2
import pytest
from playwright.async_api import Page, expect

from tests.callers import Api
from tests.journeys.story import DELETE
from tests.pages.people import Team
from tests.pages.scene import add_with_app, begin_story

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

MARKUP = (
    "<img src=x onerror=\"alive('planted')\"><script>alive('planted')</script><a href=\"javascript:alive('planted')\">here</a>"
)
TURNED = "\u202eevil\u202c"

_RENAME_APP = """
mutation ($id: ID!, $name: String!) {
  editInstalledApp(input: { id: $id, name: $name }) { installedApp { id } userErrors { message } }
}"""
_ADD_MEMBER = """
mutation ($name: String!) {
  addTeamMember(input: { name: $name, email: "planted@example.com", role: VIEWER }) { userErrors { message } }
}"""
_CREATE_TOKEN = """
mutation ($name: String!) {
  createAccessToken(input: { name: $name, scopes: [READ], expiresInDays: 1 }) { userErrors { message } }
}"""
_ALIVE = """() => ({
  planted: globalThis.planted ?? 0,
  elements: [...document.querySelectorAll("img, iframe, script:not([src]), [onerror], [onclick]")].map((each) => each.outerHTML),
  links: [...document.querySelectorAll("a")].map((each) => each.href).filter((href) => !/^https?:/.test(href)),
  turned: [...document.querySelectorAll("body *")].filter((each) =>
    !each.closest("bdi") &&
    [...each.childNodes].some((node) => node.nodeType === 3 && /[\u202a-\u202e\u2066-\u2069]/.test(node.data))
  ).map((each) => each.outerHTML),
})"""


async def test_no_name_of_anything_is_alive_on_any_page(team: Team) -> None:
    ada = await team.person("Ada")
    story = await begin_story(team, ada)
    integration, app = await story.add_sharing(name=MARKUP, monitor=MARKUP)
    stopped = await add_with_app(story, app, name=f"stopped {MARKUP}", monitor=MARKUP)
    await plant(ada.api, _RENAME_APP, id=app, name=MARKUP)
    await plant(ada.api, _ADD_MEMBER, name=MARKUP)
    await plant(ada.api, _CREATE_TOKEN, name=MARKUP)
    async with httpx2.AsyncClient(trust_env=False) as http:
        fault = {
            "provider": "slack",
            "endpoint": "chat.postMessage",
            "fault": "malformed",
            "status": 200,
            "body": '{"ok": false, "error": "<img src=x onerror=alive(1)>"}',
        }
        assert (await http.post(f"{team.service.sandbox_url}/control/faults", json=fault)).status_code == 200
    failed: dict[str, Any] = {"outcome": "FAILED", "failures": [{"name": MARKUP, "message": MARKUP}]}
    await ada.report(MARKUP, MARKUP, monitorName=MARKUP, url="https://ci.example/?next=javascript:alive(1)", **failed)
    await ada.page.add_init_script("globalThis.alive = () => { globalThis.planted = (globalThis.planted ?? 0) + 1; }")

    alive = {}
    for path in (
        "/integrations",
        f"/integrations/{integration}",
        "/settings/installed-apps",
        "/settings/members",
        "/settings/access-tokens",
        "/monitors",
        "/activity",
    ):
        await ada.open(path)
        await expect(ada.page.get_by_role("main")).to_contain_text("<img src=x")
        alive[path] = await what_is_alive(ada.page)
    await ada.open("/integrations/add/slack/post-monitoring-results")
    await ada.open_choices("Monitor", "<img src=x")
    alive["open list"] = await what_is_alive(ada.page)
    await ada.open("/settings/installed-apps")
    await ada.button("Delete").click()
    await expect(ada.page.get_by_text("would stop")).to_be_visible()
    alive["dialog"] = await what_is_alive(ada.page)
    assert (await ada.api.ask(DELETE, input={"id": app}))["deleteInstalledApp"]["userErrors"] == []
    await ada.open(f"/integrations/{stopped}")
    await expect(ada.page.get_by_role("img", name="Warning")).to_be_visible()
    alive["stopped"] = await what_is_alive(ada.page)

    assert {place: found for place, found in alive.items() if any(found.values())} == {}
    await story.browser.close()


async def test_a_name_that_turns_what_stands_around_it_is_refused_at_its_field_with_the_reason(team: Team) -> None:
    ada = await team.person("Ada")
    await ada.open("/settings/members")
    name = ada.page.get_by_role("textbox", name="Name")

    await name.fill(TURNED)
    await ada.page.get_by_role("textbox", name="E-mail").fill("turned@example.com")
    await ada.button("Add member").click()

    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(ada.page.get_by_text("U+202E")).to_be_visible()
    await expect(ada.page.get_by_role("list", name="Members").get_by_role("listitem")).to_have_count(3)


async def test_a_search_that_is_markup_or_turns_text_around_is_repeated_as_text_that_stands_alone(team: Team) -> None:
    ada = await team.person("Ada")
    searched = MARKUP + TURNED
    for path, field in (
        ("/integrations", "Search integrations"),
        ("/integrations/browse", "Search providers and kinds"),
    ):
        await ada.open(path)
        await ada.page.get_by_role("searchbox", name=field).fill(searched)
        await expect(ada.page.get_by_role("heading", name="Nothing found")).to_be_visible()
        await expect(ada.page.get_by_role("main")).to_contain_text(searched)
        assert not any((await what_is_alive(ada.page)).values())


async def plant(api: Api, mutation: str, **variables: object) -> None:
    [payload] = (await api.ask(mutation, **variables)).values()
    assert payload["userErrors"] == []


async def what_is_alive(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(_ALIVE)
    return found
