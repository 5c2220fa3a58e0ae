"""A dictionary whose items end by the clock."""

from __future__ import annotations

from typing import Generic, TypeVar

from stampede.core.ports import Clock

V = TypeVar("V")


class Expiring(Generic[V]):
    """A dictionary whose items end by the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._items: dict[str, tuple[V, float]] = {}

    def get(self, key: str) -> V | None:
        return self._items[key][0] if self.remaining(key) > 0 else None

    def remaining(self, key: str) -> float:
        item = self._items.get(key)
        if item is None or item[1] <= self._clock():
            self._items.pop(key, None)
            return 0.0
        return item[1] - self._clock()

    def set(self, key: str, value: V, ttl: float) -> None:
        self._items[key] = (value, self._clock() + ttl)

    def pop(self, key: str) -> None:
        self._items.pop(key, None)
