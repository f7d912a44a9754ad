from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def one_of(those: Sequence[T], random: Random) -> T | None:
    return random.choice(those) if those else None
