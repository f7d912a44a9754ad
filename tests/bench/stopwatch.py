"""How long a page takes to show what a click or a key brings about, by the browser's own clock."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Self

from playwright.async_api import BrowserContext, CDPSession, Page

_WATCH = """
(() => {
  let began = 0;
  let slowest = 0;
  for (const type of ["pointerdown", "keydown", "input"]) {
    addEventListener(type, (event) => { if (event.isTrusted) began = event.timeStamp; }, true);
  }
  new PerformanceObserver((entries) => {
    for (const entry of entries.getEntries()) slowest = Math.max(slowest, entry.duration);
  }).observe({ type: "event", durationThreshold: 16 });
  const frame = () => new Promise((then) => requestAnimationFrame(() => then()));
  const painted = () => new Promise((then) => setTimeout(then));
  globalThis.timeUntil = async (holds) => {
    if (holds()) return null;
    slowest = 0;
    const givenUp = performance.now() + 30_000;
    do {
      await frame();
      if (performance.now() > givenUp) throw new Error(`not so after 30 s: ${holds}`);
    } while (!holds());
    await painted();
    const took = performance.now() - began;
    await frame();
    await painted();
    return { took, slowest };
  };
})()"""


@dataclass(frozen=True)
class Lap:
    """Milliseconds of one press of a pointer or a key."""

    took: float
    """From the press until what it was for was painted."""

    still: float
    """For so long the page answered no other press, as the browser tells of its slowest event (16 ms and more)."""

    cpu: float
    """CPU time of the page's own thread meanwhile, whatever else the machine is busy with."""


@dataclass
class Stopwatch:
    """The laps of all that was done at a page, by what it was."""

    page: Page
    session: CDPSession
    laps: Mapping[str, list[Lap]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    async def wind(cls, context: BrowserContext, page: Page) -> Self:
        await context.add_init_script(_WATCH)
        session = await context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        return cls(page, session)

    async def time(self, what: str, act: Awaitable[object], *, until: str) -> None:
        """Do it, and note how long it takes until the page is as this expression of JavaScript says."""
        before = await self._cpu()
        watching = asyncio.create_task(self.page.evaluate(f"timeUntil(() => {until})"))
        await asyncio.sleep(0)  # the question goes out before what it waits for
        await act
        found = await watching
        assert found is not None, f"{what}: it was so before"
        self.laps[what].append(Lap(found["took"], found["slowest"], await self._cpu() - before))

    async def wait(self, *, until: str) -> None:
        """Wait for what a page that was opened by its address shows."""
        await self.page.evaluate(f"timeUntil(() => {until})")

    async def _cpu(self) -> float:
        metrics = (await self.session.send("Performance.getMetrics"))["metrics"]
        return 1000 * next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")
