"""One trial: the unit of statistics, and the unit of the CSV and the JSON."""

from __future__ import annotations

import msgspec

from stampede.measure.curve import LatencyCurve
from stampede.measure.load import Timeline
from stampede.measure.sample import Sample
from stampede.measure.staleness import StalenessTimeline


class RoleLatency(msgspec.Struct, frozen=True):
    """The latency of the requests that ended in one role."""

    requests: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of statistics. The fields up to `lag_p99_ms` are the CSV's columns, in its order; the first ones,
    up to `valid`, never change their places.

    None means that nobody had it or nobody could see it: a latency when no request got a value, the peaks and epochs
    of a database of the user's own, the bytes of a Redis that others use too, a recovery that did not come about.
    `swept` has the parameters that a sweep set for this trial, as written.
    The last fields are for plots; only the first trial of a strategy has a sample of its requests.
    """

    scenario: str
    strategy: str
    trial: int
    instances: int
    concurrency: int | None
    requests: int
    ok: int
    errors: int
    timeouts: int
    db_hits: int
    db_hits_ideal: int
    amplification: float
    db_peak_in_flight: int | None
    latency_p50_ms: float | None
    latency_p90_ms: float | None
    latency_p99_ms: float | None
    latency_max_ms: float | None
    stale: int
    staleness_max_ms: float
    redis_commands: int
    arrival_spread_ms: float
    duration_s: float
    valid: bool
    db_peak_queued: int | None = None
    db_busy_s: float | None = None
    epochs: int | None = None
    loads_per_epoch_mean: float | None = None
    loads_per_epoch_ci95: float | None = None
    loads_per_epoch_max: int | None = None
    hit_ratio: float | None = None
    misses: int = 0
    staleness_p99_ms: float | None = None
    waiters_peak: int = 0
    recovery_s: float | None = None
    redis_bytes: int | None = None
    retries: int = 0
    lag_p99_ms: float = 0.0
    loads: int = 0
    store_errors: int = 0
    fenced_fills: int = 0
    degraded: int = 0
    loop_lag_ms: float = 0.0
    cpu_s: float = 0.0
    reasons: list[str] = []
    warnings: list[str] = []
    error_messages: dict[str, int] = {}
    roles: dict[str, RoleLatency] = {}
    epoch_loads: dict[int, int] = {}
    db_timeline: Timeline | None = None
    swept: dict[str, str] = {}
    latency_curve: LatencyCurve | None = None
    staleness_timeline: StalenessTimeline | None = None
    sample: Sample | None = None

    @property
    def throughput(self) -> float | None:
        """Answers a second until the last one; None if there was none."""
        return round(self.ok / self.duration_s, 3) if self.ok and self.duration_s else None
