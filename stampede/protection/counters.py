"""What a protection counts beside its answers."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass
class Counters:
    """Counts of one instance's protection; they add up. `degraded`: flights that went on without the store.

    `breaker_opened`: how often it was decided not to ask the store for a while.
    """

    loads: int = 0
    fenced_fills: int = 0
    store_errors: int = 0
    degraded: int = 0
    breaker_opened: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(*(mine + others for mine, others in zip(astuple(self), astuple(other), strict=True)))
