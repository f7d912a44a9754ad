"""What people do on each page: every kind of click and of typing, and how the page is once it is done."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from playwright.async_api import Locator

from tests.bench.stopwatch import Stopwatch
from tests.pages.large import BUSIEST
from tests.pages.people import Person

_FIRST, _SECOND = "Post 9999", "Post 9001"
_NO_DIALOG = "!document.querySelector('[role=dialog]')"
_SECTIONS = "document.querySelectorAll('main section').length"
_LISTED = "document.querySelectorAll('[role=option]').length"


@dataclass(frozen=True)
class Visitor:
    """Somebody at a page, and the watch that is held beside."""

    person: Person
    watch: Stopwatch

    async def press(self, what: str, button: Locator, *, until: str) -> None:
        await self.watch.time(what, button.click(), until=until)

    async def type(self, what: str, label: str, text: str, *, until: str) -> None:
        field = self.person.page.get_by_label(label, exact=True)
        await field.focus()
        await self.watch.time(what, field.press_sequentially(text), until=until)

    def button(self, name: str) -> Locator:
        return self.person.page.get_by_role("main").get_by_role("button", name=name, exact=True).first

    def in_dialog(self, name: str) -> Locator:
        return self.person.page.get_by_role("dialog").get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.person.page.get_by_role("link", name=name, exact=True).first

    def choice(self, name: str) -> Locator:
        return self.person.page.locator("label", has_text=re.compile(rf"^{re.escape(name)}"))


def _rows(least: int) -> str:
    return f"document.querySelectorAll('main .rows > li').length >= {least}"


def _headed(title: str) -> str:
    return f"document.querySelector('h1')?.textContent.trim() === {json.dumps(title)}"


def _says(words: str) -> str:
    return f"document.querySelector('main').innerText.includes({json.dumps(words)})"


def _asks(words: str) -> str:
    return f"document.querySelector('[role=dialog]')?.innerText.includes({json.dumps(words)})"


async def _switch(visitor: Visitor) -> None:
    pages = {
        "Monitors": f"{_SECTIONS} >= 25",
        "Activity": _rows(50),
        "Installed apps": _rows(50),
        "Members": _rows(50),
        "Access tokens": _rows(50),
        "Connected accounts": _rows(0),
        "Integrations": _rows(50),
    }
    await visitor.person.open("/integrations")
    await visitor.watch.wait(until=_rows(50))
    for when in ("first", "again"):
        for name, shown in pages.items():
            await visitor.press(f"go to {name}, {when}", visitor.link(name), until=f"{_headed(name)} && {shown}")


async def _integrations(visitor: Visitor) -> None:
    await visitor.person.open("/integrations")
    await visitor.watch.wait(until=_rows(50))
    await visitor.press("show more integrations", visitor.button("Show more"), until=_rows(100))
    one = "document.querySelectorAll('main .rows > li').length === 1"
    await visitor.type("search integrations", "Search integrations", _SECOND, until=one)
    clear = visitor.person.page.get_by_label("Search integrations").press("Escape")
    await visitor.watch.time("clear the search", clear, until=_rows(50))
    await visitor.press(
        "browse", visitor.link("Browse all integrations"), until=f"{_headed('Browse all integrations')} && {_rows(3)}"
    )
    await visitor.type(
        "search the catalogue", "Search providers and kinds", "git", until="!document.querySelector('[aria-label=Slack]')"
    )


async def _integration(visitor: Visitor) -> None:
    await visitor.person.open(f"/integrations/{BUSIEST}")
    await visitor.watch.wait(until=_rows(25))
    await visitor.press("show more of the run log", visitor.button("Show more"), until=_rows(50))
    await visitor.press("show more of the run log, of 50", visitor.button("Show more"), until=_rows(75))
    await visitor.press("ask to delete an integration", visitor.button("Delete"), until=_asks("its run log goes with it"))
    await visitor.press("close the question", visitor.in_dialog("Cancel"), until=_NO_DIALOG)
    await visitor.press("pause an integration", visitor.button("Pause"), until="!!document.querySelector('[aria-label=Paused]')")
    await visitor.press("resume an integration", visitor.button("Resume"), until="!document.querySelector('[aria-label=Paused]')")
    await visitor.press("edit an integration", visitor.link("Edit integration"), until=_headed("Edit integration"))
    await visitor.type("type a name", "Name", "x", until="document.querySelector('main input').value.endsWith('x')")
    await visitor.press("back to the integration", visitor.link("Cancel"), until=_rows(25))


async def _adding(visitor: Visitor) -> None:
    page = visitor.person.page
    await visitor.person.open("/integrations/browse")
    await visitor.watch.wait(until=_rows(3))
    begin = visitor.link("Add integration: Post monitoring results with Slack")
    await visitor.press("begin an integration", begin, until="!!document.querySelector('[role=combobox]')")
    monitor, channel = page.get_by_role("combobox", name="Monitor"), page.get_by_role("combobox", name="Channel")
    await visitor.press("open the monitors", monitor, until=f"{_LISTED} >= 50")
    await visitor.watch.time("search a monitor", monitor.press_sequentially("m499"), until=f"{_LISTED} > 0 && {_LISTED} < 50")
    await visitor.press("choose a monitor", page.get_by_role("option").first, until=f"{_LISTED} === 0")
    await visitor.press("open the channels", channel, until=f"{_LISTED} >= 50")
    await visitor.watch.time("search a channel", channel.press_sequentially("project-23"), until=f"{_LISTED} === 10")
    await visitor.press("choose a channel", page.get_by_role("option").first, until=f"{_LISTED} === 0")
    third = visitor.choice("The third failure")
    await visitor.press(
        "choose when to post",
        third,
        until="[...document.querySelectorAll('.radio[data-selected]')].some((each) => each.textContent.startsWith('The third'))",
    )


async def _installed_apps(visitor: Visitor) -> None:
    page = visitor.person.page
    await visitor.person.open("/settings/installed-apps")
    await visitor.watch.wait(until=_rows(50))
    await visitor.press("show more installed apps", visitor.button("Show more"), until=_rows(100))
    await visitor.press("edit an installed app", visitor.button("Edit"), until=_asks("Edit the installed app"))
    name = page.get_by_role("dialog").get_by_role("textbox", name="Name")
    typed = "document.querySelector('[role=dialog] input').value.includes('z')"
    await visitor.watch.time("type a name in the dialog", name.press_sequentially("z"), until=typed)
    await visitor.press("close the dialog", visitor.in_dialog("Cancel"), until=_NO_DIALOG)
    told = "/would stop|No integration uses it/.test(document.querySelector('[role=dialog]')?.innerText)"
    await visitor.press("ask to delete an installed app", visitor.button("Delete"), until=told)
    await visitor.press("close the list of what would stop", visitor.in_dialog("Cancel"), until=_NO_DIALOG)
    await visitor.press("add a GitLab", visitor.link("Add GitLab Self-Managed"), until=_headed("Add GitLab Self-Managed"))
    await visitor.type("type an address", "Address", "https://git.example.com", until=_says("/callback/"))


async def _people(visitor: Visitor) -> None:
    await visitor.person.open("/settings/members")
    await visitor.watch.wait(until=_rows(50))
    await visitor.press("show more members", visitor.button("Show more"), until=_rows(100))
    await visitor.press("ask for a role", visitor.button("Change role"), until=_asks("The role of"))
    await visitor.press("close the roles", visitor.in_dialog("Cancel"), until=_NO_DIALOG)
    await visitor.press("ask to remove a member", visitor.button("Remove"), until=_asks("Their access tokens"))
    await visitor.press("close the removal", visitor.in_dialog("Cancel"), until=_NO_DIALOG)


async def _tokens(visitor: Visitor) -> None:
    await visitor.person.open("/settings/access-tokens")
    await visitor.watch.wait(until=_rows(50))
    await visitor.press("show more access tokens", visitor.button("Show more"), until=_rows(51))
    await visitor.press("ask to revoke a token", visitor.button("Revoke"), until=_asks("is refused from then on"))
    await visitor.press("close the revocation", visitor.in_dialog("Cancel"), until=_NO_DIALOG)


async def _logs(visitor: Visitor) -> None:
    await visitor.person.open("/monitors")
    await visitor.watch.wait(until=f"{_SECTIONS} >= 25")
    await visitor.press("show more monitors", visitor.button("Show more"), until=f"{_SECTIONS} >= 50")
    await visitor.person.open("/activity")
    await visitor.watch.wait(until=_rows(50))
    await visitor.press("show more activity", visitor.button("Show more"), until=_rows(100))


VISITS: Mapping[str, Callable[[Visitor], Awaitable[None]]] = {
    "switching pages": _switch,
    "Integrations and Browse": _integrations,
    "an integration": _integration,
    "Add integration": _adding,
    "Installed apps": _installed_apps,
    "Members": _people,
    "Access tokens": _tokens,
    "Monitors and Activity": _logs,
}
