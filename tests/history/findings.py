from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.history.kept import Kept
from tests.history.records import History


@dataclass(frozen=True)
class Finding:
    """Something that must not be. `law` names what it breaks."""

    law: str
    says: str


Law = Callable[[History, Kept], Iterator[Finding]]
