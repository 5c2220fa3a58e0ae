"""The fold of all that was recorded in one execution of one strategy in one scenario: its trial, judged."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from stampede.core.model import AT_ONCE, Outcome, Role
from stampede.measure import curve, epochs, staleness
from stampede.measure.epochs import Epochs
from stampede.measure.load import busy_s, most_waiters, thin
from stampede.measure.recovery import recovery
from stampede.measure.requests import Requests
from stampede.measure.sample import take
from stampede.measure.trial import RoleLatency, Trial
from stampede.measure.validity import judge_spread
from stampede.protection.counters import Counters
from stampede.scenario.model import Scenario

LATE_S = 0.02


@dataclass(frozen=True)
class OriginLog:
    """What the database saw, by its own count. Times in seconds from the release.

    `hits` counts all loads; `changes` has rows (time, in flight, queued), `loads` (key, arrived, ended), `writes`
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


@dataclass(frozen=True)
class Observed:
    """Everything that was seen of one trial, before any folding; `origin` is None if the database cannot tell.

    `lost` names the instances that died, `struck_at` the seconds after the release of the first event.
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


def fold(scenario: Scenario, strategy: str, number: int, seen: Observed) -> Trial:
    """Fold what was seen into the trial's figures, and judge them."""
    requests, counters, origin = seen.requests, seen.counters, seen.origin
    hits = origin.hits if origin else counters.loads
    lifetimes = epochs.fold(origin.loads, _last_chance(scenario)) if origin else None
    ideal = ideal_hits(scenario, requests, lifetimes)
    spread, lag = arrival_spread(requests), start_lag(requests)
    p50, p90, p99, top = quantiles_ms(requests)
    writes = origin.writes if origin else []
    ages = staleness.ages(requests, writes)
    reasons, warnings = judge(scenario, seen, spread, lag, hits)
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
        db_peak_in_flight=origin.peak_in_flight if origin else None,
        latency_p50_ms=p50,
        latency_p90_ms=p90,
        latency_p99_ms=p99,
        latency_max_ms=top,
        stale=int(np.count_nonzero(ages)),
        staleness_max_ms=_ms(ages.max(initial=0.0)),
        redis_commands=seen.redis_commands,
        arrival_spread_ms=_ms(spread),
        duration_s=round(_last(requests), 6),
        valid=not reasons,
        db_peak_queued=origin.peak_queued if origin else None,
        db_busy_s=round(busy_s(origin.changes), 3) if origin else None,
        epochs=lifetimes.epochs if lifetimes else None,
        loads_per_epoch_mean=lifetimes.mean if lifetimes else None,
        loads_per_epoch_ci95=lifetimes.ci95 if lifetimes else None,
        loads_per_epoch_max=lifetimes.maximum if lifetimes else None,
        hit_ratio=hit_ratio(requests),
        misses=int(np.count_nonzero(np.isin(requests.role, (Role.LEADER, Role.WAITER, Role.ERROR)))),
        staleness_p99_ms=_ms(np.quantile(ages, 0.99)) if len(ages) else None,
        waiters_peak=most_waiters(requests),
        recovery_s=recovery(requests, seen.struck_at) if seen.struck_at is not None else None,
        redis_bytes=seen.redis_bytes,
        retries=seen.retries,
        lag_p99_ms=_ms(lag),
        loads=counters.loads,
        store_errors=counters.store_errors,
        fenced_fills=counters.fenced_fills,
        degraded=counters.degraded,
        loop_lag_ms=_ms(seen.lag_max),
        cpu_s=round(seen.cpu, 3),
        reasons=reasons,
        warnings=warnings,
        error_messages=seen.errors,
        roles=_roles(requests),
        epoch_loads=lifetimes.counts if lifetimes else {},
        db_timeline=thin(origin.changes) if origin else None,
        latency_curve=curve.thin(requests.latency),
        staleness_timeline=staleness.thin(requests, ages) if writes else None,
        sample=take(requests) if number == 1 else None,
    )


def replot(trial: Trial, requests: Requests) -> Trial:
    """The trial, with what its plots take from single requests folded again from these."""
    sample = take(requests) if trial.trial == 1 else None
    return msgspec.structs.replace(trial, latency_curve=curve.thin(requests.latency), sample=sample)


def _last_chance(scenario: Scenario) -> float:
    """Seconds after the release until which volunteers may come; a burst's come at once."""
    length = scenario.workload.arrivals.length()
    return length if scenario.workload.arrivals.steady else math.inf


def ideal_hits(scenario: Scenario, requests: Requests, lifetimes: Epochs | None) -> int:
    """One load per key and epoch; a trial that starts warm and needs no load has none."""
    if lifetimes is not None and (lifetimes.epochs or scenario.cache.start == "warm"):
        return lifetimes.epochs
    return 0 if scenario.cache.start == "warm" else len(np.unique(requests.key))


def hit_ratio(requests: Requests) -> float | None:
    """The share of requests that were answered from the cache at once; None without requests."""
    if not len(requests):
        return None
    hits = (requests.outcome == Outcome.OK) & np.isin(requests.role, AT_ONCE)
    return round(float(np.mean(hits)), 4)


def arrival_spread(requests: Requests) -> float:
    """Seconds from the first to the last start among those meant for one instant; the widest of all instants."""
    begun = ~np.isnan(requests.started)
    _, group, sizes = np.unique(requests.intended[begun], return_inverse=True, return_counts=True)
    if not len(sizes) or sizes.max() < 2:
        return 0.0
    started = requests.started[begun]
    first, last = np.full(len(sizes), np.inf), np.full(len(sizes), -np.inf)
    np.minimum.at(first, group, started)
    np.maximum.at(last, group, started)
    return float((last - first).max())


def start_lag(requests: Requests) -> float:
    """p99 of the seconds by which requests started later than intended."""
    lag = (requests.started - requests.intended)[~np.isnan(requests.started)]
    return float(np.quantile(lag, 0.99)) if len(lag) else 0.0


def quantiles_ms(requests: Requests) -> tuple[float | None, float | None, float | None, float | None]:
    """p50, p90, p99 and maximum of the latency in ms; all None if nobody got a value."""
    latency = requests.latency
    if not len(latency):
        return None, None, None, None
    p50, p90, p99 = np.quantile(latency, [0.5, 0.9, 0.99])
    return _ms(p50), _ms(p90), _ms(p99), _ms(latency.max())


def judge(scenario: Scenario, seen: Observed, spread: float, lag: float, hits: int) -> tuple[list[str], list[str]]:
    """The reasons why the trial is INVALID, and warnings (design: "what makes a measurement valid")."""
    latency = float(scenario.database.latency.median) if seen.origin else shortest_load(seen.requests)
    if latency:
        reasons, warnings = judge_spread(spread, latency)
    else:
        reasons, warnings = [], ["no load was seen, so the arrival spread has nothing to be compared with"]
    if lag > LATE_S and scenario.workload.arrivals.paced:
        warnings.append(
            f"requests started {_ms(lag):.0f} ms late (p99): the load generator is the limit, its event loop "
            f"lagged up to {_ms(seen.lag_max):.0f} ms: lower the rate or add instances and cores"
        )
    if seen.lost:
        reasons.append(f"instance {', '.join(map(str, seen.lost))} died")
    elif seen.origin is not None and hits != seen.counters.loads:
        reasons.append(f"the instances count {seen.counters.loads} loads, the database {hits}")
    if seen.unsettled:
        warnings.append(f"{seen.unsettled} background tasks had to be cancelled")
    return reasons, warnings


def shortest_load(requests: Requests) -> float:
    """The latency of a database that is not ours to set: no longer than the fastest leader; 0 without any."""
    leaders = (requests.role == Role.LEADER) & (requests.outcome == Outcome.OK)
    return float((requests.ended - requests.started)[leaders].min()) if leaders.any() else 0.0


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
