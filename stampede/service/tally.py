"""Counters that outlive the worker that counts, and that every worker can add up.

They stand in memory that all share: a row of cells for each worker, and one for their supervisor. Nobody writes into
another's row, so there are no locks; whoever takes a dead worker's place counts on where that stopped.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import fields
from itertools import product
from math import inf

from stampede.library.metrics import Counts

ROUTES = ("/tracks", "/tracks/{id}", "/tracks/{id}/cache", "/health", "/metrics", "other")
STATUSES = (200, 204, 400, 404, 405, 500, 503, "other")
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, inf)
"""Upper bounds of the buckets of the time that a request takes."""

COUNTED = tuple(field.name for field in fields(Counts))

Cell = tuple[object, ...]


def _cells() -> Iterator[Cell]:
    yield from product(["requests"], ROUTES, STATUSES)
    yield from product(["within"], ROUTES, BOUNDS_S)
    yield from product(["seconds"], ROUTES)
    yield from product(["cache"], COUNTED)
    yield from product(["supervisor"], ["workers", "restarts"])


_PLACES = {cell: place for place, cell in enumerate(_cells())}
_DOUBLE_BYTES = 8


def size(rows: int) -> int:
    """Bytes of the memory for so many rows."""
    return rows * len(_PLACES) * _DOUBLE_BYTES


class Tally:
    """All rows, in a file that is mapped."""

    def __init__(self, file: int, rows: int) -> None:
        self._numbers = memoryview(mmap.mmap(file, size(rows))).cast("d")

    def row(self, number: int) -> Row:
        """One writer's own row, from 0."""
        return Row(self._numbers[number * len(_PLACES) : (number + 1) * len(_PLACES)])

    def total(self, *cell: object) -> float:
        """The sum over all rows."""
        return sum(self._numbers[_PLACES[cell] :: len(_PLACES)])


class Row:
    """What one process has counted, and its predecessors in the same place."""

    def __init__(self, numbers: memoryview[float]) -> None:
        self._numbers = numbers
        self._before = {name: numbers[_PLACES["cache", name]] for name in COUNTED}

    def add(self, *cell: object, amount: float = 1.0) -> None:
        """Count."""
        self._numbers[_PLACES[cell]] += amount

    def put(self, *cell: object, value: float) -> None:
        """Set what is no count."""
        self._numbers[_PLACES[cell]] = value

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        route = route if route in ROUTES else "other"
        self.add("requests", route, status if status in STATUSES else "other")
        self.add("within", route, next(bound for bound in BOUNDS_S if seconds <= bound))
        self.add("seconds", route, amount=seconds)

    def cache(self, counts: Counts) -> None:
        """Take over what the cache of this process has counted so far."""
        for name, before in self._before.items():
            self.put("cache", name, value=before + getattr(counts, name))
