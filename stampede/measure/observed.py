"""What was seen of one trial, before any folding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stampede.measure.requests import Requests
from stampede.measure.validity import Processors
from stampede.protection.counters import Counters


@dataclass(frozen=True)
class OriginLog:
    """What the database saw, by its own count. Times in seconds from the release.

    `hits` counts all loads that arrived: those `executed`, those `abandoned`, and what was still queued or served
    when the trial ended. `changes` has rows (time, in flight, queued), `loads` (key, arrived, ended), `writes`
    (key number, version, time). The rest is as in the database's `Seen`, in seconds.
    """

    hits: int
    peak_in_flight: int
    peak_queued: int
    changes: list[tuple[float, int, int]]
    loads: list[tuple[str, float, float]]
    writes: list[tuple[int, int, float]]
    executed: int = 0
    abandoned: int = 0
    drawn_s: float = 0.0
    busy_s: float = 0.0
    lateness_max_s: float = 0.0
    cpu_s: float = 0.0

    def executed_by(self, instant: float) -> int:
        """Loads that had been executed then; what flights go on to load for nobody is no advantage."""
        return sum(ended <= instant for _, _, ended in self.loads)


@dataclass(frozen=True)
class OwnLog:
    """What the instances counted of their loads at a database of the user's own, as it keeps no count for us.

    Who waits for a connection of an instance's pool is queued, and has not reached the database. `changes` as above.
    """

    arrived: int
    executed: int
    peak_in_flight: int
    peak_queued: int
    changes: list[tuple[float, int, int]]


@dataclass(frozen=True)
class Surroundings:
    """What the servers and the machine did meanwhile; seconds, None where nobody can tell.

    `…_stall_s` is the longest time in which a server neither answered nor worked. `all_known`: every program of the
    measurement is in the processors' `own`.
    """

    store_cpu_s: float | None = None
    store_stall_s: float | None = None
    database_stall_s: float | None = None
    processors: Processors | None = None
    all_known: bool = False


@dataclass(frozen=True)
class Observed:
    """Everything that was seen of one trial, before any folding.

    `origin` is None if the database cannot tell; then `own` may have what the instances counted.
    `lost` names the instances that died, `struck_at` the seconds after the release of the first event; `removed` has
    rows (seconds after the release, key number) of what was removed from the cache behind everybody's back. `cpu` is
    what the instances used, in seconds, and `busiest_cpu` the most that one of them did. `store_failures` are the
    tries of callers that a failure of the store ended.
    """

    requests: Requests
    counters: Counters
    redis_commands: int
    redis_bytes: int | None
    unsettled: int
    lag_max: float
    cpu: float
    lost: list[int]
    errors: dict[str, int]
    retries: int
    origin: OriginLog | None
    struck_at: float | None
    removed: Sequence[tuple[float, int]] = ()
    own: OwnLog | None = None
    surroundings: Surroundings = Surroundings()
    busiest_cpu: float = 0.0
    store_failures: int = 0

    @property
    def store_errors(self) -> int:
        """Steps of the store that failed: what cost nobody an answer, and what was some caller's answer."""
        return self.counters.store_errors + self.store_failures

    @property
    def database_stall_s(self) -> float | None:
        """Seconds that the database stood still at most: it did not answer, or ended a load so late."""
        asked = self.surroundings.database_stall_s
        return max(asked or 0.0, self.origin.lateness_max_s) if self.origin else asked

    @property
    def db_hits(self) -> int:
        """Loads that reached the database: by its own count, or else those that got a connection to it."""
        if self.origin:
            return self.origin.hits
        return self.own.executed if self.own else self.counters.loads
