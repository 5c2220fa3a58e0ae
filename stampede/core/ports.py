"""The protocols between the layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from stampede.core.capabilities import (
    ANY_NOTE,
    Changes,
    Claims,
    Guards,
    Leases,
    News,
    Sent,
    Values,
    unheeded,
)

__all__ = [
    "ANY_NOTE",
    "NOTHING",
    "Changes",
    "Claims",
    "Clock",
    "Demand",
    "Guards",
    "Leases",
    "News",
    "OpenStore",
    "Sent",
    "Store",
    "StoreServer",
    "Values",
    "unheeded",
]

Clock = Callable[[], float]
"""Seconds by which entries are stamped, the same for all who share a store.

The bench's is `time.monotonic` (one clock for all processes of a machine), or virtual time, and never steps. The
library's is `time.time`, which means the same on every machine, as far as their clocks agree. How long something
lasts (a timeout, a lease) is measured by neither: see `stampede.core.clock`.
"""


class Store(Values, Guards, Leases, Claims, News, Changes, Protocol):
    """A shared cache with all the atomic steps that protections are made of.

    Times are seconds. Every method raises StoreError when the store cannot be reached or refuses.
    """


class OpenStore(Store, Protocol):
    """A store as an instance of the bench holds it. `commands` counts those sent; an atomic step counts as one.

    Nothing that is written lives longer than `longest` seconds, whatever is asked for.
    """

    longest: float

    @property
    def commands(self) -> int: ...

    async def ready(self) -> None:
        """Wait until everything is as it was at first, should the server have been away. Raises StoreError."""
        ...

    async def warm(self, at_once: int) -> None:
        """Get ready for a burst of so many commands. Raises StoreError."""
        ...

    def forget_callbacks(self) -> None:
        """Forget who wanted to hear of invalidations and changes: their trial is over."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Demand(NamedTuple):
    """What a run asks of the server behind a store.

    `needs` are the capabilities of the store that its strategies need; `keeps` the bytes of the server's memory that
    it may take at once. `may_evict`: it may have them although the server makes room with what others keep there.
    """

    needs: frozenset[type] = frozenset()
    keeps: int = 0
    may_evict: bool = False


NOTHING = Demand()


class StoreServer(Protocol):
    """The server behind a store as the run sees it; `prefix` begins the names of all that the run keeps there."""

    url: str
    prefix: str

    async def probe(self, demand: Demand = NOTHING) -> str:
        """Check that we can do there what is demanded; returns the server's name and version.

        Raises RedisUnavailable.
        """
        ...

    async def open(self, pool: int | None = None) -> OpenStore:
        """Connect. `pool`: one of so many connections for each command. Raises StoreError."""
        ...

    async def remove(self, keys: Iterable[str]) -> None:
        """Remove values and guards behind everybody's back. Raises StoreError."""
        ...

    async def announce(self, seconds: float) -> None:
        """Say there that the run lives, which is believed for so long. Raises StoreError."""
        ...

    async def sweep(self) -> int:
        """Remove whatever begins with the prefix; returns how much that was. Raises StoreError."""
        ...

    async def traffic(self) -> int | None:
        """Bytes that the server has received and sent so far, but for `pulse`; None: it does not tell."""
        ...

    async def keep_counts(self) -> None:
        """Right before the server is ended and started again: have `traffic` go on from here."""
        ...

    async def pulse(self) -> float:
        """A heartbeat: CPU seconds that the server has used so far. Raises StoreError."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
