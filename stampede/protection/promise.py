"""What a coalescing choice promises, as data: for tests, for `explain`, for tables, and for whoever checks it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Scope(Enum):
    """Whose load is one, per key and expiry."""

    CALLER = "one per caller"
    INSTANCE = "one per process"
    FLEET = "one"


class WithoutStore(Enum):
    """What callers get while the store cannot be reached."""

    ERROR = "an error"
    COLLAPSED = "a value, by one load per process"


@dataclass(frozen=True)
class Promise:
    """What holds for every key, whatever freshness and resilience are chosen beside it.

    `waiting`: how the others wait. `fenced`: what was loaded before an invalidation is never written after it, nor
    answered to whoever asks after it has returned (but for copies that `near` keeps).
    `hands_over`: who has waited gets the value of the load that it waited for, even if it has expired by then.
    """

    loads: Scope
    waiting: str
    fenced: bool
    without_store: WithoutStore = WithoutStore.ERROR
    hands_over: bool = True

    def __str__(self) -> str:
        won = "wins" if self.fenced else "loses"
        return (
            f"loads per expiry: {self.loads.value}; an invalidation during a load {won}; "
            f"without the store callers get {self.without_store.value}"
        )
