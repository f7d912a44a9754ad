"""Figures of interleaved runs, what is told of them, and the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

_FEWEST = 2


@dataclass(frozen=True)
class Series:
    """What was measured of one, once a round."""

    values: Sequence[float]

    @property
    def low(self) -> float:
        """The lower quartile: a busy machine only ever adds."""
        return self._quartiles[0]

    @property
    def median(self) -> float:
        return median(self.values)

    def over(self, other: "Series") -> "Series":
        """Return the ratios of the rounds."""
        return Series([mine / its for mine, its in zip(self.values, other.values, strict=True)])

    def told(self, digits: int = 2) -> str:
        """Return the median and, in brackets, the quartiles."""
        low, _, high = self._quartiles
        return f"{self.median:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"

    @property
    def _quartiles(self) -> Sequence[float]:
        return quantiles(self.values, n=4, method="inclusive") if len(self.values) >= _FEWEST else [*self.values] * 3


@dataclass
class Report:
    """Rows of the table, said as they come and printed as a whole at the end."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, *, database: str, measured: str, goal: str = "") -> None:
        self.rows.append((what, database, measured, goal))

    def by_database(self) -> "Report":
        """Return the same with what was measured on each database together, in the order in which they came."""
        databases = [*dict.fromkeys(database for _, database, _, _ in self.rows)]
        return Report(sorted(self.rows, key=lambda row: databases.index(row[1])))

    def __str__(self) -> str:
        head = [("What", "Database", "Measured", "Goal"), ("---",) * 4]
        return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *self.rows])
