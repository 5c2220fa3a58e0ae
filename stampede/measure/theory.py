"""What the fake database did, beside what theory says that it must do."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np

from stampede.core.units import Duration
from stampede.measure.queues import Queue, Seconds, burst_latency, rank, simulated_waits
from stampede.origins.latency import Exponential
from stampede.origins.window import Seen

SHARES = (0.5, 0.99)
QUEUE_BOUND = 0.05
LITTLE_BOUND = 0.01
DEVIATIONS = 4.0
"""How many standard deviations of runs so long a mean wait may lie from the long run's."""


class Row(msgspec.Struct, frozen=True):
    """One check; `error` and `bound` are shares of the theory's figure.

    Of waits compared one by one, `measured` is the mean difference, and `error` its share of the mean wait.
    """

    what: str
    theory: float
    measured: float
    unit: str
    error: float
    bound: float
    ok: bool

    @classmethod
    def of(cls, what: str, theory: float, measured: float, bound: float, unit: str = "ms") -> Row:
        """Compare two figures."""
        error = measured / theory - 1
        return cls(what, theory, measured, unit, error, bound, abs(error) <= bound)


class TheoryCheck(msgspec.Struct):
    """The result of `stampede calibrate --theory`."""

    stampede: str
    created: str
    environment: dict[str, Any]
    seed: int
    trials: int
    rows: list[Row] = []
    warnings: list[str] = []
    interrupted: bool = False


class Burst(msgspec.Struct, frozen=True):
    """Loads that come at one instant to so many connections: 3.3 for each."""

    connections: int
    latency: Duration

    @property
    def requests(self) -> int:
        """How many loads."""
        return int(3.3 * self.connections)

    @property
    def bound(self) -> float:
        """The error that is allowed."""
        return 0.03 if self.connections <= 100 else 0.10

    def __str__(self) -> str:
        return f"{self.requests:,} at {self.connections:,} × {self.latency}"


class BurstSeen(NamedTuple):
    """Seconds from a burst's instant to each load's end: on the database's clock, and at its callers."""

    database: Seconds
    callers: Seconds


def burst_seen(seen: Seen, released: float, ended: Sequence[float]) -> BurstSeen:
    """What one burst was like. The database counts from the first arrival, its callers from the release."""
    first = min(arrived for _, arrived, _ in seen.loads)
    database = np.array([end - first for _, _, end in seen.loads])
    return BurstSeen(np.sort(database), np.sort(np.array(ended) - released))


def burst_rows(burst: Burst, trials: Sequence[BurstSeen]) -> list[Row]:
    """Percentiles against ceil(pN/C)·L: medians over the trials, on each clock."""
    rows = []
    for share in SHARES:
        theory = burst_latency(burst.requests, share, burst.connections, burst.latency)
        place = rank(burst.requests, share) - 1
        for clock in BurstSeen._fields:
            measured = median(float(getattr(trial, clock)[place]) for trial in trials)
            what = f"{burst}: p{100 * share:g}, {clock}"
            rows.append(Row.of(what, theory * 1000, measured * 1000, burst.bound))
    return rows


def queue_name(queue: Queue) -> str:
    """Kendall's, with the mean length of a load."""
    letter = "M" if isinstance(queue.latency, Exponential) else "D"
    return f"M/{letter}/{queue.connections} of {Duration(queue.service)}"


def queue_rows(queue: Queue, seen: Seen, seed: int) -> list[Row]:
    """Waits against the long run's mean, and against a simulation of this very run; Little's law.

    `seed` is the database's: it gives the lengths that it drew.
    """
    arrived, ended = np.array(sorted((arrived, ended) for _, arrived, ended in seen.loads)).T
    services = queue.draw(len(arrived), seed)
    exact = simulated_waits(arrived, services, queue.connections)
    return [
        *_wait_rows(queue, exact, ended - arrived - services),
        *_little_rows(queue, seen, ended - arrived, services),
    ]


def _wait_rows(queue: Queue, exact: Seconds, measured: Seconds) -> list[Row]:
    name = queue_name(queue)
    mean, real = float(exact.mean()) * 1000, float(measured.mean()) * 1000
    p99, real_p99 = (float(np.quantile(waits, 0.99)) * 1000 for waits in (exact, measured))
    off = float(np.abs(measured - exact).mean()) * 1000
    chance = DEVIATIONS * queue.spread(len(exact))
    return [
        Row.of(f"{name}: mean wait, {queue.law}", queue.mean_wait * 1000, real, chance),
        Row.of(f"{name}: mean wait, simulated", mean, real, QUEUE_BOUND),
        Row.of(f"{name}: p99 wait, simulated", p99, real_p99, QUEUE_BOUND),
        Row(f"{name}: wait by wait", 0.0, off, "ms", off / mean, QUEUE_BOUND, off / mean <= QUEUE_BOUND),
    ]


def _little_rows(queue: Queue, seen: Seen, stays: Seconds, services: Seconds) -> list[Row]:
    """The mean numbers inside and at connections, over time, against rate × mean stay and rate × drawn length."""
    name = queue_name(queue)
    at, in_flight, queued = np.array(seen.timeline).T
    steps, whole = np.diff(at), at[-1] - at[0]
    inside = float(steps @ (in_flight + queued)[:-1] / whole)
    served = float(steps @ in_flight[:-1] / whole)
    return [
        Row.of(f"{name}: Little's law, inside", float(stays.sum() / whole), inside, LITTLE_BOUND, "loads"),
        Row.of(f"{name}: Little's law, served", float(services.sum() / whole), served, QUEUE_BOUND, "loads"),
    ]
