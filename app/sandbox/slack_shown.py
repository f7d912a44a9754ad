"""What a person sees of a posted message: its blocks or, without any, its text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["header", "section", "context"]


@dataclass(frozen=True)
class Shown:
    """A paragraph: pieces of text, and whether each of them is bold."""

    kind: Kind
    pieces: tuple[tuple[str, bool], ...]


def words_of(message: dict[str, object]) -> Iterator[Shown]:
    """Yield what Slack would show of the message, a paragraph for each block's text."""
    blocks = message["blocks"]
    if not isinstance(blocks, list) or not blocks:
        yield Shown("section", _read(str(message["text"])))
        return
    for block in blocks:
        if isinstance(block, dict):
            kind: Kind = "header" if block.get("type") == "header" else "context" if block.get("type") == "context" else "section"
            yield from (Shown(kind, _read(text)) for text in _texts(block))


def _texts(block: dict[str, object]) -> Iterator[str]:
    """Yield a block's texts in their order: its own, its fields', its elements'."""
    for name in ("text", "fields", "elements"):
        held = block.get(name)
        for one in held if isinstance(held, list) else [held]:
            text = one.get("text") if isinstance(one, dict) else None
            inner = text.get("text") if isinstance(text, dict) else text  # a button's text is an object
            if isinstance(inner, str):
                yield inner


def _read(text: str) -> tuple[tuple[str, bool], ...]:
    """Read Slack's markup: *bold*, <address|words>, and the three characters that it escapes."""
    parts = text.split("*")
    if len(parts) % 2 == 0:  # a star that stands alone
        return ((_plain(text), False),)
    return tuple((_plain(part), number % 2 == 1) for number, part in enumerate(parts) if part)


def _plain(text: str) -> str:
    before, *links = text.split("<")
    said = [before]
    for link in links:
        inside, _, after = link.partition(">")
        said.append(inside.partition("|")[2] or inside)
        said.append(after)
    return "".join(said).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
