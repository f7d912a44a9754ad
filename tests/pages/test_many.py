"""A team that has much: each page asks the API twice at most, and shows its lists in pages."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests import databases
from tests.journeys.soaking import say
from tests.pages.large import BUSIEST, large_team
from tests.pages.people import Team

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

_MOST_QUESTIONS = 2


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def large(chromium: Browser, database_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Team]:
    folder = tmp_path_factory.mktemp("large")
    async with databases.copy(database_template, folder) as url, large_team(chromium, folder, database_url=url) as team:
        yield team


async def test_a_page_asks_the_api_twice_at_most_however_much_there_is(large: Team) -> None:
    ada = await large.person("Ada")
    paths = {
        "/integrations": 50,
        "/integrations/browse": 1,
        "/integrations/add/slack/post-monitoring-results": 0,
        f"/integrations/{BUSIEST}": 25,
        "/settings/installed-apps": 50,
        "/settings/members": 50,
        "/settings/access-tokens": 50,
        "/settings/connected-accounts": 0,
        "/monitors": 25,
        "/activity": 50,
    }

    asked = {}
    for path, rows in paths.items():
        began = time.monotonic()
        with ada.watch.counting() as questions:
            await ada.open(path)
            await expect(ada.page.get_by_role("heading", level=1)).to_be_visible()
            if rows:
                main = ada.page.get_by_role("main")
                await expect(main.get_by_role("listitem").or_(main.get_by_role("region")).nth(rows - 1)).to_be_visible()
            seen = time.monotonic()
            await ada.page.wait_for_load_state("networkidle")
        say(f"{path}: {', '.join(questions)}; {rows} rows after {1000 * (seen - began):.0f} ms")
        asked[path] = questions

    assert {path: questions for path, questions in asked.items() if len(questions) > _MOST_QUESTIONS} == {}


async def test_a_list_goes_on_in_pages_and_is_searched_at_the_server(large: Team) -> None:
    ada = await large.person("Ada")
    await ada.open("/integrations")
    rows = ada.page.get_by_role("list", name="Integrations").get_by_role("listitem")
    await expect(rows).to_have_count(50)

    with ada.watch.counting() as questions:
        await ada.button("Show more").click()
        await expect(rows).to_have_count(100)
    assert questions == ["Integrations"]

    began = time.monotonic()
    await ada.page.get_by_role("searchbox", name="Search integrations").fill("Post 9001")
    await expect(rows).to_have_count(1)
    say(f"one of 5,000 was found {1000 * (time.monotonic() - began):.0f} ms after its name was typed")


async def test_each_of_more_members_than_one_answer_holds_can_be_chosen(large: Team) -> None:
    ada = await large.person("Ada")
    await ada.open("/activity")

    await ada.pick("Who did it", "Vic")  # who joined behind a hundred others

    await expect(ada.page.get_by_role("combobox", name="Who did it")).to_have_value("Vic")
