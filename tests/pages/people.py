"""A team whose people each sit at a browser of their own, and see the service by roles and labels alone."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from playwright.async_api import Browser, BrowserContext, Locator, Page, TimeoutError, expect  # noqa: A004 - the name that Playwright gave it

from app.access.callers import Role
from app.teams import console
from tests.callers import Api
from tests.journeys.story import RECORD
from tests.pages.watch import Watch
from tests.processes import Service
from tests.services import services_beside

PATIENCE = 30_000
"""Milliseconds until what has to appear is missing: the machine may be slow."""

A_LOOK = 3_000
"""Milliseconds until somebody who sees no choices clicks once more."""

_ROLES = {"Ada": Role.ADMIN, "Ben": Role.MEMBER, "Vic": Role.VIEWER}
_numbers = count(1)


@dataclass
class Person:
    """One of the team at a browser, with an access token beside it for what no page does, such as to report a run."""

    name: str
    url: str
    api: Api
    context: BrowserContext
    page: Page
    watch: Watch

    async def open(self, path: str) -> None:
        """Type an address below the service's."""
        await self.page.goto(f"{self.url}{path}")

    async def go_to(self, name: str) -> None:
        """Follow a link of the page's head, and see the page."""
        await self.page.get_by_role("banner").get_by_role("link", name=name, exact=True).click()
        await self.sees_page(name)

    async def sees_page(self, heading: str) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(
            re.compile(rf"^\s*{re.escape(heading)}\s*$", re.IGNORECASE)
        )

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def row(self, words: str) -> Locator:
        """Return the row of the page's list that says this."""
        return self.page.get_by_role("main").get_by_role("listitem").filter(has_text=words).first

    async def pick(self, label: str, choice: str) -> None:
        """Open a field's choices and take one."""
        await (await self.open_choices(label, choice)).click()

    async def open_choices(self, label: str, choice: str) -> Locator:
        """Open a field's choices and return one. While the page still scrolls to the field they close again."""
        option = self.page.get_by_role("option", name=choice)
        for _ in range(PATIENCE // A_LOOK):
            await self.page.get_by_role("combobox", name=label).click()
            with suppress(TimeoutError):
                await option.wait_for(timeout=A_LOOK)
                break
        await expect(option).to_be_visible()
        return option

    async def tick(self, label: str) -> None:
        """Click on the words beside a check box or a radio button."""
        await self.page.locator("label", has_text=label).click()

    async def sign_in_at_slack(self, button: str = "Sign in to Slack", *, workspace: str = "Acme", answer: str = "Allow") -> Page:
        """Press the button, and say yes in the tab that opens. Returns the tab, which says how it ended."""
        return await self._sign_in(button, goes_on="Go on to Slack", label="Workspace", who=workspace, answer=answer)

    async def sign_in_at_server(self, button: str, *, provider: str, account: str, answer: str = "Authorize") -> Page:
        return await self._sign_in(button, goes_on=f"Go on to {provider}", label="You are", who=account, answer=answer)

    async def _sign_in(self, button: str, *, goes_on: str, label: str, who: str, answer: str) -> Page:
        async with self.page.expect_popup() as opened:
            await self.button(button).click()
        tab = await opened.value
        await tab.get_by_role("button", name=goes_on).click()
        await tab.get_by_label(label).select_option(label=who)
        await tab.get_by_role("button", name=answer).click()
        await tab.wait_for_url(f"{self.url}/**")
        return tab

    async def report(self, monitor: str, run: str, *, outcome: str = "PASSED", **more: object) -> None:
        """Report a run, as a pipeline does."""
        reported = {
            "monitorKey": monitor,
            "runId": run,
            "outcome": outcome,
            "startedAt": datetime.now(UTC).isoformat(),
            "durationMs": 1_250,
            **more,
        }
        assert (await self.api.ask(RECORD, input=reported))["recordMonitorRun"]["userErrors"] == []


@dataclass
class Team:
    """A team of an admin, a member and a viewer. Each opens a browser once they are asked for."""

    name: str
    service: Service
    chromium: Browser
    people: dict[str, Person]

    async def person(self, name: str) -> Person:
        """Return one of the team at their browser, which stands at the service's first page."""
        if name not in self.people:
            self.people[name] = await self._open_browser(name)
        return self.people[name]

    def assert_nothing_wrong(self) -> None:
        for person in self.people.values():
            person.watch.assert_nothing_wrong()

    async def _open_browser(self, name: str) -> Person:
        email = f"{name.lower()}@example.com"
        async with services_beside(self.service) as services:
            token = await console.create_token(team=self.name, email=email, scopes=(), days=None, services=services)
            link = await console.make_sign_in_link(team=self.name, email=email, services=services)
        context = await self.chromium.new_context()
        context.set_default_timeout(PATIENCE)
        watch = await Watch.begin(context, origins=[self.service.url, self.service.sandbox_url])
        page = await context.new_page()
        person = Person(name, self.service.url, Api(self.service.url, token.reveal()), context, page, watch)
        await page.goto(link.reveal())
        await page.get_by_role("button").click()
        await expect(page).to_have_url(re.compile(re.escape(self.service.url) + "/(integrations)?$"))
        return person


@asynccontextmanager
async def gather(service: Service, chromium: Browser, *, name: str = "") -> AsyncIterator[Team]:
    """Yield a new team of the service. At the end no browser of it may have told of anything wrong."""
    name = name or f"Acme monitoring {next(_numbers)}"
    async with services_beside(service) as services:
        await console.create_team(name=name, admin_name="Ada", admin_email="ada@example.com", services=services)
        for who, role in list(_ROLES.items())[1:]:
            email = f"{who.lower()}@example.com"
            await console.add_member(team=name, name=who, email=email, role=role, services=services)
    team = Team(name, service, chromium, {})
    try:
        yield team
        team.assert_nothing_wrong()
    finally:
        for person in team.people.values():
            await person.context.close()
