"""The worst that was measured of each way in, as a table."""

from collections.abc import Iterable
from dataclasses import dataclass

_HEAD = ("way", "inputs", "dearest", "CPU at the largest", "growth at a doubling", "longest /healthz")


@dataclass(frozen=True)
class Figure:
    """What was measured of one input: seconds, and what a doubling of it multiplied; None for what was not measured."""

    way: str
    name: str
    cost: float | None = None
    growth: float | None = None
    wait: float | None = None


def tabulate(figures: Iterable[Figure]) -> str:
    """Return a line for each way: how many inputs, and of each figure the worst with the input that it is of."""
    ways: dict[str, list[Figure]] = {}
    for figure in figures:
        ways.setdefault(figure.way, []).append(figure)
    rows = [_HEAD, *(_row(way, found) for way, found in ways.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _row(way: str, found: list[Figure]) -> tuple[str, ...]:
    costs = {figure.name: figure.cost for figure in found if figure.cost is not None}
    growths = {figure.name: figure.growth for figure in found if figure.growth is not None}
    waits = {figure.name: figure.wait for figure in found if figure.wait is not None}
    dearest, cost = _worst(costs)
    grown, growth = _worst(growths)
    silent, wait = _worst(waits)
    return (
        way,
        str(len({figure.name for figure in found})),
        dearest,
        f"{cost * 1000:.0f} ms" if costs else "-",
        f"{growth:.1f} ({grown})" if growths else "-",
        f"{wait * 1000:.0f} ms ({silent})" if waits else "-",
    )


def _worst(values: dict[str, float]) -> tuple[str, float]:
    return max(values.items(), key=lambda pair: pair[1], default=("-", 0.0))
