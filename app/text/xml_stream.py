"""XML read piece by piece, in time that grows with its length: no more of it is in memory than its longest part.

A document type declaration is refused where it begins: it is where entities are declared, which can stand for what is huge or
for another file.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol
from xml.parsers import expat

DEEPEST = 64
LONGEST_PART = 16 * 1024 * 1024
_TEXT_AT_ONCE = 64 * 1024


class OddXmlError(ValueError):
    """It is no XML, or none that is taken; the message ends the sentence "The report cannot be read: …"."""


class Listener(Protocol):
    """Told of each element where it begins and ends, by its local name, and of its text in pieces."""

    def begin(self, name: str, attributes: Mapping[str, str], /) -> None: ...

    def text(self, text: str, /) -> None: ...

    def end(self, name: str, /) -> None: ...


def read_xml(pieces: Iterable[bytes], *, into: Listener) -> None:
    """Tell `into` what stands in the document. Raises OddXmlError, and what `into` raises."""
    _Reading(into).read(pieces)


class _Reading:
    def __init__(self, into: Listener) -> None:
        self._into = into
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.buffer_size = _TEXT_AT_ONCE
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = into.text
        self._parser.StartDoctypeDeclHandler = _refuse_doctype

    def read(self, pieces: Iterable[bytes]) -> None:
        size = 0
        try:
            for piece in pieces:
                size += len(piece)
                self._parser.Parse(piece, False)  # noqa: FBT003 - whether it is the last
                if size - max(self._parser.CurrentByteIndex, 0) > LONGEST_PART:
                    raise OddXmlError(f"a part of it is longer than {LONGEST_PART // 2**20} MiB")
            if not size:
                raise OddXmlError("it is empty")
            self._parser.Parse(b"", True)  # noqa: FBT003 - as above
        except expat.ExpatError as error:
            raise OddXmlError(_explain(error)) from None
        except (LookupError, UnicodeError):
            raise OddXmlError("it says that it is in an encoding that is not known") from None

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise OddXmlError(f"it is nested more than {DEEPEST} deep")
        self._into.begin(_local(name), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._into.end(_local(name))


def _refuse_doctype(*_declared: object) -> None:
    raise OddXmlError("it has a document type declaration (DOCTYPE), which no report needs and none may have")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


_CUT_OFF = frozenset(
    expat.errors.codes[words]
    for words in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


def _explain(error: expat.ExpatError) -> str:
    place = f"line {error.lineno}, column {error.offset + 1}"
    if error.code in _CUT_OFF:
        return f"it is cut off before its end ({place})"
    if error.code == expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]:
        return "it says that it is in an encoding that is not known"
    return f"it is not XML: {expat.ErrorString(error.code)} ({place})"
