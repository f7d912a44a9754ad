"""Reports of test runners as files: read in pieces, and never larger than what is looked at."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from app.errors import StatedProblem

LARGEST_REPORT = 2 * 1024 * 1024 * 1024
_PIECE = 256 * 1024


def read_pieces(report: BinaryIO, *, note: Callable[[bytes], object], advice: str) -> Iterator[bytes]:
    """Yield the file's pieces, which `note` is told first. Raises StatedProblem, with the `advice`, where it is too large."""
    size = 0
    while piece := report.read(_PIECE):
        size += len(piece)
        if size > LARGEST_REPORT:
            raise StatedProblem(f"The report is larger than {LARGEST_REPORT // 2**20} MiB: {advice}.")
        note(piece)
        yield piece
