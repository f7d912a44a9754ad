"""The faults, as their lists have them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Fault:
    """`old` stands in the file exactly once; with `new` in its place every one of `tests` fails."""

    title: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}: {self.title}"

    def planted_in(self, text: str) -> str:
        """Return the file's text with the fault in it. Raises ValueError unless the old text is there exactly once."""
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self}: the old text is found {found} times, not once.")
        return text.replace(self.old, self.new)


def all_faults() -> list[Fault]:
    return [fault for path in sorted(_HERE.glob("*.txt")) for fault in read_faults(path.read_text("utf-8"))]


def read_faults(text: str) -> Iterator[Fault]:
    """Yield the faults of a list. Raises ValueError for a paragraph that is none."""
    for paragraph in text.split("\n\n"):
        lines = [line for line in paragraph.splitlines() if line and not line.startswith("#")]
        if lines:
            yield _read_fault(lines)


def _read_fault(lines: Sequence[str]) -> Fault:
    title, file, *rest = [*lines, ""]
    parts: dict[str, list[str]] = {"- ": [], "+ ": [], "> ": []}
    for line in filter(None, rest):
        mark = f"{line[:2]:2}"
        if mark not in parts:
            raise ValueError(f"{title}: {line!r} begins with none of {', '.join(map(repr, parts))}.")
        parts[mark].append(line[2:])
    old, new, tests = parts.values()
    if not (file.endswith(".py") and old and tests):
        raise ValueError(f"{title}: a fault has a title, a file, an old text and a test.")
    return Fault(title, file, "\n".join(old), "\n".join(new), tuple(tests))
