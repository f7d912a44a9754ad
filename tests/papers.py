"""The pages that the project writes for people: README.md, what lies beside it, and docs/."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


def read_pages() -> Mapping[Path, str]:
    """Read every page, by its path."""
    return {path: path.read_text("utf-8") for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])}


def without_code(text: str) -> str:
    """Leave out what stands between fences, which may look like headings and links."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> Iterator[str]:
    """Yield what each heading of a page is linked to by, as GitHub makes it."""
    seen: Counter[str] = Counter()
    for heading in re.findall(r"^#+ (.*)$", without_code(text), re.MULTILINE):
        anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        yield f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor
        seen[anchor] += 1


def links(text: str) -> Iterator[str]:
    """Yield where a page's links lead, but those that leave the project."""
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
        if not link.startswith(("https:", "http:")):
            yield link


def rows(text: str, heading: str) -> Iterator[list[str]]:
    """Yield the cells of the first table below the heading, without its head."""
    below = text.split(f"{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None
    for line in table.group().splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]
