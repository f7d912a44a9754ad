"""How soon each page shows what a click or a key brings about, to a team that has much, in Chromium."""

from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import async_playwright

from tests import databases
from tests.bench.figures import Report, Series
from tests.bench.stopwatch import Lap, Stopwatch
from tests.bench.visits import VISITS, Visitor
from tests.journeys.soaking import say
from tests.pages.chromium import PATH, launch
from tests.pages.large import large_team
from tests.pages.people import Team

_GOAL = "at most 200 ms"


async def measure(report: Report, *, folder: Path, server: str, database: str, rounds: int) -> None:
    """Visit every page so many times, each time from its address, and add a row for whatever is done there."""
    if PATH is None:
        say("Chromium is not installed: no click is measured.")
        return
    async with databases.blank(folder, server=server) as url, async_playwright() as playwright:
        chromium = await launch(playwright)
        async with large_team(chromium, folder, database_url=url) as team:
            watch = await _visit(team, rounds=rounds)
        await chromium.close()
    for what, laps in watch.laps.items():
        report.add(what, database=database, measured=_told(laps), goal=_GOAL)


async def _visit(team: Team, *, rounds: int) -> Stopwatch:
    ada = await team.person("Ada")
    watch = await Stopwatch.wind(ada.context, ada.page)
    await ada.open("/settings/installed-apps/add/slack")
    await (await ada.sign_in_at_slack(workspace="Globex")).close()
    await watch.wait(until="document.querySelector('h1')?.textContent === 'Installed apps'")
    visitor = Visitor(ada, watch)
    for number in range(rounds):
        for name, visit in VISITS.items():
            await visit(visitor)
            say(f"round {number + 1}: {name}")
    for what, laps in watch.laps.items():
        say(f"{what}: {_told(laps)}")
    return watch


def _told(laps: Sequence[Lap]) -> str:
    took, still, cpu = (Series([getattr(lap, name) for lap in laps]) for name in ("took", "still", "cpu"))
    return f"{took.low:.0f} ms, {took.told(0)}; still for {still.low:.0f} ms, {cpu.low:.0f} ms of the page's CPU"
