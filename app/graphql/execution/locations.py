"""Places of fields in a document: looked up here, because graphql-core reads all lines again for each error."""

import re
from bisect import bisect_left
from collections.abc import Sequence

from graphql import FieldNode, SourceLocation

_LINE_END = re.compile(r"\r\n|[\n\r]")


class Locations:
    """The lines of one document."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def of(self, nodes: Sequence[FieldNode]) -> list[SourceLocation]:
        """Return where the nodes begin, lines and columns from 1 on."""
        positions = [node.loc.start for node in nodes if node.loc is not None]
        return [self._find(position) for position in positions]

    def _find(self, position: int) -> SourceLocation:
        line = bisect_left(self._starts, position + 1)
        return SourceLocation(line, position - self._starts[line - 1] + 1)
