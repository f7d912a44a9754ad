"""What changes on an open page by itself, and what a page says while it is cut off."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.journeys.soaking import say, until
from tests.journeys.story import DELETE, Story
from tests.pages.people import Person, Team, gather
from tests.pages.scene import begin_story
from tests.pages.test_activity import rename
from tests.processes import serving

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

_TRIES = 2
"""Of which one has to be as fast: the machine may be busy with something else."""

_RUNS = 30
"""More than a page of a run log. Each is twice in the team's log: that is more than a page, too."""

_NEWEST = "query ($id: ID!) { integration(id: $id) { deliveries(first: 1) { nodes { status run { runId } } } } }"
_HAPPENED = "query { events(first: 100) { nodes { id } } }"
_FEWEST = """
(rows) => {
  window.fewest = Infinity;
  const count = () => { window.fewest = Math.min(window.fewest, document.querySelectorAll(rows).length) };
  new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
}"""
"""Has the page note how few rows it ever showed."""

CUT_OFF = "The connection to the server is lost"


@pytest_asyncio.fixture(loop_scope="session")
async def team_of_its_own(chromium: Browser, database_url: str, tmp_path: Path) -> AsyncIterator[Team]:
    """A team of a service that no other test uses."""
    async with serving(tmp_path, database_url=database_url) as service, gather(service, chromium) as team:
        yield team


async def test_a_deletion_is_seen_in_a_second_browser_within_a_second(team: Team) -> None:
    ada, ben = await team.person("Ada"), await team.person("Ben")
    story = await begin_story(team, ada)
    await ben.go_to("Integrations")

    seconds = [await _seconds_until_seen(story, ben, name=f"Watched {number}") for number in range(_TRIES)]

    say(f"a deletion is seen elsewhere {min(seconds):.2f} s after it was asked for")
    assert min(seconds) < 1
    await story.browser.close()


async def _seconds_until_seen(story: Story, other: Person, *, name: str) -> float:
    _, app = await story.add_sharing(name=name, monitor="watched")
    await expect(other.row(name)).to_contain_text("Active")
    asked = time.monotonic()
    deletion = asyncio.create_task(story.admin.ask(DELETE, input={"id": app}))
    await expect(other.row(name)).to_contain_text("Needs re-authentication")
    seen = time.monotonic()
    await deletion
    return seen - asked


async def test_after_a_restart_of_the_server_the_page_goes_on_where_it_was_and_says_so_while_it_is_cut_off(
    team_of_its_own: Team,
) -> None:
    team = team_of_its_own
    ben = await team.person("Ben")
    ben.watch.expect(r"WebSocket connection to .* failed|ERR_CONNECTION_REFUSED")
    story = await begin_story(team, await team.person("Ada"))
    (await team.person("Ada")).watch.expect(r"WebSocket connection to .* failed|ERR_CONNECTION_REFUSED")
    integration, app = await story.add_sharing(name="Through a restart", monitor="restarted")
    await ben.open(f"/integrations/{integration}")
    await ben.report("restarted", "before")
    await expect(ben.row("before")).to_contain_text("Delivered")

    team.service.stop()
    await expect(ben.page.get_by_role("status").filter(has_text=CUT_OFF)).to_be_visible()
    await team.service.start("--sandbox")
    await ben.report("restarted", "while the page was away")
    assert (await story.admin.ask(DELETE, input={"id": app}))["deleteInstalledApp"]["userErrors"] == []

    await expect(ben.page.get_by_role("status").filter(has_text=CUT_OFF)).to_be_hidden()
    await expect(ben.row("while the page was away")).to_be_visible()
    await expect(ben.page.get_by_role("region", name="What is wrong").get_by_role("img", name="Warning")).to_be_visible()
    await story.browser.close()


async def test_the_activity_of_an_open_page_grows_by_itself(team: Team) -> None:
    ada, ben = await team.person("Ada"), await team.person("Ben")
    story = await begin_story(team, ada)
    await story.add_sharing(name="Grows", monitor="grows")
    await ada.go_to("Activity")
    await expect(ada.row("Grows")).to_be_visible()

    await ben.report("grows", "first of it")

    await expect(ada.row("A run's result for “Grows” was posted.")).to_be_visible()
    await story.browser.close()


async def test_all_that_was_shown_of_a_list_stays_as_something_new_comes_in(team: Team) -> None:
    ada = await team.person("Ada")
    story = await begin_story(team, ada)
    integration, app = await story.add_sharing(name="Long", monitor="long")
    for number in range(_RUNS):
        await ada.report("long", f"run-{number:02}")
    await until(lambda: _are_delivered(story, integration), seconds=180)

    await ada.open(f"/integrations/{integration}")
    await ada.button("Show more").click()
    log = ada.page.get_by_role("region", name="Run log").locator("ol > li")
    await _expect_to_grow(ada, log, by=lambda: ada.report("long", "run-of-today"), new="run-of-today", old=_RUNS)

    await expect(ada.row("run-of-today")).to_contain_text("Delivered")
    await ada.go_to("Activity")
    await ada.button("Show more").click()
    events = ada.page.get_by_role("list", name="Activity").get_by_role("listitem")
    happened = len((await ada.api.ask(_HAPPENED))["events"]["nodes"])
    await _expect_to_grow(ada, events, by=lambda: rename(ada, app, "Slack of the shop"), new="Slack of the shop", old=happened)
    await story.browser.close()


async def _are_delivered(story: Story, integration: str) -> bool:
    """Whether the newest is: they are posted in their order."""
    [newest] = (await story.admin.ask(_NEWEST, id=integration))["integration"]["deliveries"]["nodes"]
    return bool(newest == {"status": "DELIVERED", "run": {"runId": f"run-{_RUNS - 1:02}"}})


async def _expect_to_grow(person: Person, rows: Locator, *, by: Callable[[], Awaitable[None]], new: str, old: int) -> None:
    """Have one row more come in at the front. None that was there may go meanwhile, or come twice."""
    await expect(rows).to_have_count(old)
    before = await rows.locator("p:first-child bdi").all_inner_texts()
    await person.page.evaluate(_FEWEST, "ol.log > li")

    await by()

    await expect(rows.first).to_contain_text(new)
    await expect(rows).to_have_count(old + 1)
    assert (await rows.locator("p:first-child bdi").all_inner_texts())[-len(before) :] == before
    assert await person.page.evaluate("window.fewest") >= old
