"""Pictures of every page for the docs: light and dark, narrow and wide. scripts/screenshots takes them anew."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import async_playwright

from tests.pages.chromium import launch
from tests.pages.people import Person, gather
from tests.pages.scene import furnish
from tests.pages.test_eyes_and_hands import see
from tests.processes import serving

INTO = Path(__file__).parent.parent.parent / "docs" / "pages"
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_SIZES = {"wide": (1280, 800), "narrow": (360, 720)}
_COLOURS = "32"


async def take_all() -> None:
    """Write a picture for each page, colour scheme and size."""
    INTO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        url = f"sqlite:///{folder / 'pictured.sqlite3'}"
        async with serving(folder, database_url=url) as service, async_playwright() as playwright:
            chromium = await launch(playwright)
            async with gather(service, chromium, name="Acme") as team:
                scene = await furnish(team)
                for name, path in scene.paths.items():
                    await _take(await team.person("Ada"), name=name, path=path)
            await chromium.close()
    _quantise(sorted(INTO.glob("*.png")))


async def _take(person: Person, *, name: str, path: str) -> None:
    await see(person, path)
    for scheme in _SCHEMES:
        await person.page.emulate_media(color_scheme=scheme)
        for size, (width, height) in _SIZES.items():
            await person.page.set_viewport_size({"width": width, "height": height})
            await person.page.screenshot(path=INTO / f"{name}-{scheme}-{size}.png")


def _quantise(pictures: list[Path]) -> None:
    """Let each have few colours, where pngquant is installed: a third of the bytes."""
    pngquant = shutil.which("pngquant")
    if pngquant is None:
        sys.stdout.write("pngquant is not installed: the pictures keep all their colours.\n")
        return
    subprocess.run([pngquant, "--force", "--ext", ".png", "--strip", _COLOURS, *map(str, pictures)], check=True)  # noqa: S603 - our own


if __name__ == "__main__":
    asyncio.run(take_all())
