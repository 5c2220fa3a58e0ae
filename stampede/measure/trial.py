"""One trial: the fold of all that was recorded in one execution of one strategy in one scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from stampede.core.model import Outcome, Role
from stampede.core.scenario import Scenario
from stampede.measure.requests import Requests

TIMELINE_POINTS = 100


class Timeline(msgspec.Struct, frozen=True):
    """The database over time: the highest in-flight and queue of every step of `step_ms`, from the release."""

    step_ms: float
    in_flight: list[int]
    queued: list[int]


class RoleLatency(msgspec.Struct, frozen=True):
    """The latency of the requests that ended in one role."""

    requests: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of statistics. The first fields are the CSV's columns, in its order.

    A latency is None when no request got a value, a peak
    when the database is the user's own, which is not instrumented. `db_peak_queued` and what follows are for JSON.
    """

    scenario: str
    strategy: str
    trial: int
    instances: int
    concurrency: int
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
    loads: int = 0
    store_errors: int = 0
    fenced_fills: int = 0
    loop_lag_ms: float = 0.0
    cpu_s: float = 0.0
    reasons: list[str] = []
    warnings: list[str] = []
    error_messages: dict[str, int] = {}
    roles: dict[str, RoleLatency] = {}
    db_timeline: Timeline | None = None


@dataclass(frozen=True)
class Observed:
    """Everything that was seen of one trial, before any folding. Times in seconds from the release.

    `db_hits` are the database's own counts by key, None if it cannot tell; `changes` its rows (seconds, in flight,
    queued); `lost` names the instances that died.
    """

    requests: Requests
    loads: int
    load_errors: int
    fenced_fills: int
    store_errors: int
    redis_commands: int
    unsettled: int
    lag_max: float
    cpu: float
    lost: list[int]
    errors: dict[str, int]
    db_hits: dict[str, int] | None
    db_peak_in_flight: int | None
    db_peak_queued: int | None
    changes: list[tuple[float, int, int]]


def fold(scenario: Scenario, strategy: str, number: int, seen: Observed) -> Trial:
    """Fold what was seen into the trial's figures, and judge them."""
    requests = seen.requests
    hits = sum(seen.db_hits.values()) if seen.db_hits is not None else seen.loads
    ideal = ideal_hits(scenario, requests)
    spread = arrival_spread(requests)
    p50, p90, p99, top = quantiles_ms(requests)
    reasons, warnings = judge(scenario, seen, spread, hits)
    return Trial(
        scenario=scenario.name,
        strategy=strategy,
        trial=number,
        instances=scenario.fleet.instances,
        concurrency=scenario.workload.concurrency,
        requests=len(requests),
        ok=requests.count(Outcome.OK),
        errors=requests.count(Outcome.ERROR),
        timeouts=requests.count(Outcome.TIMEOUT),
        db_hits=hits,
        db_hits_ideal=ideal,
        amplification=round(hits / ideal, 3) if ideal else float(hits),
        db_peak_in_flight=seen.db_peak_in_flight,
        latency_p50_ms=p50,
        latency_p90_ms=p90,
        latency_p99_ms=p99,
        latency_max_ms=top,
        stale=int(np.count_nonzero(requests.role == Role.STALE)),
        staleness_max_ms=0.0,
        redis_commands=seen.redis_commands,
        arrival_spread_ms=_ms(spread),
        duration_s=round(_last(requests), 6),
        valid=not reasons,
        db_peak_queued=seen.db_peak_queued,
        loads=seen.loads,
        store_errors=seen.store_errors,
        fenced_fills=seen.fenced_fills,
        loop_lag_ms=_ms(seen.lag_max),
        cpu_s=round(seen.cpu, 3),
        reasons=reasons,
        warnings=warnings,
        error_messages=seen.errors,
        roles=_roles(requests),
        db_timeline=thin(seen.changes),
    )


def ideal_hits(scenario: Scenario, requests: Requests) -> int:
    """One load per key and epoch: nothing when the cache starts warm, else every key that was asked for."""
    if scenario.cache.start == "warm":
        return 0
    return len(np.unique(requests.key))


def arrival_spread(requests: Requests) -> float:
    """Seconds from the first to the last start among the requests that were meant for the first instant."""
    started = requests.started[requests.intended <= 0]
    started = started[~np.isnan(started)]
    return float(started.max() - started.min()) if len(started) else 0.0


def quantiles_ms(requests: Requests) -> tuple[float | None, float | None, float | None, float | None]:
    """p50, p90, p99 and maximum of the latency in ms; all None if nobody got a value."""
    latency = requests.latency
    if not len(latency):
        return None, None, None, None
    p50, p90, p99 = np.quantile(latency, [0.5, 0.9, 0.99])
    return _ms(p50), _ms(p90), _ms(p99), _ms(latency.max())


def judge(scenario: Scenario, seen: Observed, spread: float, hits: int) -> tuple[list[str], list[str]]:
    """The reasons why the trial is INVALID, and warnings (design: "what makes a measurement valid")."""
    reasons, warnings = [], []
    latency = float(scenario.database.latency.median) if seen.db_hits is not None else shortest_load(seen.requests)
    if not latency:
        warnings.append("no load was seen, so the arrival spread has nothing to be compared with")
    elif spread > latency / 2:
        reasons.append(f"arrival spread {_ms(spread):.0f} ms is above half the database latency")
    elif spread > latency / 10:
        warnings.append(f"arrival spread {_ms(spread):.0f} ms is above a tenth of the database latency")
    if seen.lost:
        reasons.append(f"instance {', '.join(map(str, seen.lost))} died")
    elif seen.db_hits is not None and hits != seen.loads:
        reasons.append(f"the instances count {seen.loads} loads, the database {hits}")
    if seen.unsettled:
        warnings.append(f"{seen.unsettled} background tasks had to be cancelled")
    return reasons, warnings


def shortest_load(requests: Requests) -> float:
    """The latency of a database that is not ours to set: no longer than the fastest leader; 0 without any."""
    leaders = (requests.role == Role.LEADER) & (requests.outcome == Outcome.OK)
    return float((requests.ended - requests.started)[leaders].min()) if leaders.any() else 0.0


def thin(changes: list[tuple[float, int, int]]) -> Timeline | None:
    """Reduce the database's changes to at most 100 steps, keeping every step's highest values."""
    if not changes:
        return None
    times, in_flight, queued = (np.array(column) for column in zip(*changes, strict=True))
    step = max(0.001, math.ceil(times[-1] / TIMELINE_POINTS * 1000) / 1000)
    slots = (times / step).astype(int)
    result = []
    for values in (in_flight, queued):
        peaks, last = [], 0
        for slot in range(slots[-1] + 1):
            here = values[slots == slot]
            peaks.append(int(max(last, here.max())) if len(here) else last)
            last = int(here[-1]) if len(here) else last
        result.append(peaks)
    return Timeline(step * 1000, *result)


def _roles(requests: Requests) -> dict[str, RoleLatency]:
    roles = {}
    for role in Role:
        mine = (requests.role == role) & (requests.outcome == Outcome.OK)
        if role is Role.ERROR:
            mine = requests.outcome == Outcome.ERROR
        latency = (requests.ended - requests.intended)[mine]
        if len(latency):
            p50, p99 = np.quantile(latency, [0.5, 0.99])
            roles[role.name.lower()] = RoleLatency(len(latency), _ms(p50), _ms(p99), _ms(latency.max()))
    return roles


def _last(requests: Requests) -> float:
    ended = requests.ended[~np.isnan(requests.ended)]
    return float(ended.max()) if len(ended) else 0.0


def _ms(seconds: float) -> float:
    return round(float(seconds) * 1000, 3)
