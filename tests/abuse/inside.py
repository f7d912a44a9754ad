"""What no answer may tell: anything of how the service is made or of the machine that it runs on."""

import re
from collections.abc import Mapping

_INSIDE: Mapping[str, str] = {
    "a traceback": r"Traceback \(most recent call last\)|\bFile \".+\", line \d+|\bin <module>",
    "a path": r"/(?:root|home|usr|tmp|var|opt|etc|work|data)/[\w.-]+|site-packages|\b[\w/]+\.py\b|[A-Z]:\\\\",
    "a module": r"\bapp\.[a-z_]+\.[a-z_]+",
    "a library": r"\b(?:tortoise|asyncpg|aiosqlite|sqlite3|strawberry|starlette|uvicorn|pydantic|httpx2)\b",
    "SQL": r"(?i:\bselect\b.+\bfrom\b|\binsert into\b|\bupdate \"|\bdelete from\b|\bconstraint failed\b|\bduplicate key\b)",
    "an object": r"<[\w.]+ object at|\bobject at 0x[0-9a-f]+|<(?:class|function|coroutine|module) ",
    "an exception": r"\b(?!UserError\b)[A-Z]\w+(?:Error|Exception)\b",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _INSIDE.items()}


def told_of_the_inside(text: str) -> list[str]:
    """Return each thing of the inside that the answer tells, with the words that tell it."""
    return [f"{name}: {found[0]}" for name, pattern in _PATTERNS.items() if (found := pattern.search(text)) is not None]
