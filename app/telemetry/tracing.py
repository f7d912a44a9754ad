"""Spans: what was done for what, and for how long. Off, unless the operator names where they go.

A span has a name and attributes that our own code chose: a route's pattern, an operation's kind, a provider's endpoint. Nothing
is taken from headers, and nothing is sent along with calls that go out.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol, Self

Attributes = Mapping[str, str | int]


class Span(Protocol):
    """Something under way."""

    def note(self, attributes: Attributes) -> None:
        """Say more of it, once it is known."""


class Tracing(Protocol):
    """The beginning of spans."""

    def span(self, name: str, attributes: Attributes | None = None) -> AbstractContextManager[Span]:
        """Return a span for as long as the context is entered, below the one that it is entered in.

        An exception that leaves it is noted by its type alone: its words may hold what was sent in.
        """

    def close(self) -> None:
        """Hand over what is left. It may block for some seconds."""


class NoTracing:
    """Keeps nothing."""

    def close(self) -> None:
        pass

    def span(self, _name: str, _attributes: Attributes | None = None) -> AbstractContextManager[Span]:
        return _NO_SPAN


class _NoSpan:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def note(self, attributes: Attributes) -> None:
        pass


_NO_SPAN = _NoSpan()
