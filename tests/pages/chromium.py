"""Debian's Chromium, as the tests drive it."""

import shutil

from playwright.async_api import Browser, Playwright

PATH = shutil.which("chromium")

_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
)


async def launch(playwright: Playwright) -> Browser:
    return await playwright.chromium.launch(executable_path=PATH, chromium_sandbox=False, args=_ARGUMENTS)
