"""A text that may be used but not shown."""

from collections.abc import Callable
from typing import Any, NoReturn, final

MASK = "***"
_LAST_FOUR_FROM = 8
_REFUSED = "a Secret is never written out; pass it on as it is, or seal it"


@final
class Secret:
    """Holds a secret text; only `reveal` gives it away.

    Its repr, str and every format are `***`; it cannot be pickled, copied, iterated, measured or turned into JSON. Two secrets
    are equal only when they are the same object: compare what they hold with `matches`.
    """

    # A function, not the text: error reports and pretty printers that walk attributes and slots find nothing to print.
    __slots__ = ("_tell",)

    def __init__(self, text: str) -> None:
        self._tell: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """Return the text. Call it where the text is used, and keep no variable of it."""
        return self._tell()

    @property
    def last_four(self) -> str:
        """The last four characters, by which a person recognizes it; empty where they would be more than half of it."""
        text = self._tell()
        return text[-4:] if len(text) >= _LAST_FOUR_FROM else ""

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(_REFUSED)

    def __getstate__(self) -> NoReturn:
        raise TypeError(_REFUSED)

    def __init_subclass__(cls, **kwargs: Any) -> NoReturn:
        raise TypeError("nothing is a kind of Secret")


def to_bytes(secret: Secret) -> bytes:
    """Return the text in UTF-8. A lone surrogate (JSON can carry one) passes: the error about it would hold the whole text."""
    return secret.reveal().encode("utf-8", "surrogatepass")


def from_bytes(text: bytes) -> Secret:
    """Return what `to_bytes` was given."""
    return Secret(text.decode("utf-8", "surrogatepass"))
