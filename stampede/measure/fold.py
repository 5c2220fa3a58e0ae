"""The fold of all that was recorded in one execution of one strategy in one scenario: its trial, judged.

Each group of figures has a fold of its own, whose keys are rows of the table of metrics.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from stampede.core.model import Outcome, Role
from stampede.measure import epochs, staleness
from stampede.measure.details import details
from stampede.measure.epochs import Epochs
from stampede.measure.ideal import ideal_loads
from stampede.measure.judge import judge
from stampede.measure.load import busy_s, most_waiters
from stampede.measure.observed import Observed, OriginLog, OwnLog
from stampede.measure.recovery import recovery
from stampede.measure.requests import Requests
from stampede.measure.timing import (
    Punctuality,
    hit_ratio,
    last_answer,
    milliseconds,
    quantile_ms,
)
from stampede.measure.trial import Details, Judged, Trial, Which
from stampede.measure.validity import rests_on_enough
from stampede.scenario.model import Scenario

Figures = dict[str, float | None]


def fold(scenario: Scenario, strategy: str, number: int, seen: Observed, usual: float | None = None) -> Trial:
    """Fold what was seen into the trial's figures, and judge them; `usual`: the control's worst hit rate."""
    punctuality = Punctuality.of(seen.requests)
    lifetimes = epochs.fold(seen.origin.loads, _last_chance(scenario), _lifetime(scenario)) if seen.origin else None
    ages = staleness.ages(seen.requests, seen.origin.writes if seen.origin else [])
    which = Which(
        scenario=scenario.name,
        strategy=strategy,
        trial=number,
        instances=scenario.fleet.instances,
        concurrency=scenario.workload.concurrency,
    )
    figures = (
        _callers(seen)
        | _recovery(seen, usual)
        | _latency(seen.requests)
        | _database(seen, _ideal(scenario, seen))
        | _epochs(lifetimes)
        | _staleness(ages)
        | _store(seen)
        | _harness(seen, punctuality)
    )
    return flatten(which, figures, judge(scenario, seen, punctuality), details(seen, number, lifetimes, ages))


def flatten(which: Which, figures: Figures, judged: Judged, shown: Details) -> Trial:
    """A trial from its groups."""
    groups = (msgspec.structs.asdict(group) for group in (which, judged, shown))
    return Trial(**figures, **{name: value for group in groups for name, value in group.items()})


def _ideal(scenario: Scenario, seen: Observed) -> int:
    invalidated = seen.origin.writes if seen.origin and scenario.workload.invalidate else []
    breaks = [*seen.removed, *((at, key) for key, _, at in invalidated)]
    load_s = float(scenario.database.latency.median) if seen.origin else 0.0
    return ideal_loads(scenario.cache, load_s, seen.requests, breaks)


def _callers(seen: Observed) -> Figures:
    requests = seen.requests
    return {
        "requests": len(requests),
        "ok": requests.count(Outcome.OK),
        "errors": requests.count(Outcome.ERROR),
        "timeouts": requests.count(Outcome.TIMEOUT),
        "failed": requests.failed,
        "retries": seen.retries,
        "hit_ratio": hit_ratio(requests),
        "misses": int(np.count_nonzero(np.isin(requests.role, (Role.LEADER, Role.WAITER, Role.ERROR)))),
        "waiters_peak": most_waiters(requests),
        "duration_s": round(last_answer(requests), 6),
    }


def _recovery(seen: Observed, usual: float | None) -> Figures:
    if seen.struck_at is None or usual is None:
        return {"recovery_s": None, "unrecovered": 0}
    found = recovery(seen.requests, seen.struck_at, usual)
    return {"recovery_s": found.seconds, "unrecovered": int(found.never)}


def _latency(requests: Requests) -> Figures:
    everybody, answered = requests.latency, requests.latency_of_values
    return {
        "latency_p50_ms": quantile_ms(everybody, 0.5),
        "latency_p90_ms": quantile_ms(everybody, 0.9),
        "latency_p99_ms": quantile_ms(everybody, 0.99),
        "latency_p999_ms": quantile_ms(everybody, 0.999) if rests_on_enough(len(requests), 0.999) else None,
        "latency_max_ms": quantile_ms(everybody, 1.0),
        "ok_p50_ms": quantile_ms(answered, 0.5),
        "ok_p99_ms": quantile_ms(answered, 0.99),
    }


def _database(seen: Observed, ideal: int) -> Figures:
    log: OriginLog | OwnLog | None = seen.origin or seen.own
    until = last_answer(seen.requests)
    return {
        "db_hits": seen.db_hits,
        "db_hits_ideal": ideal,
        "amplification": round(seen.db_hits / ideal, 3) if ideal else float(seen.db_hits),
        "db_peak_in_flight": log.peak_in_flight if log else None,
        "db_peak_queued": log.peak_queued if log else None,
        "db_busy_s": round(busy_s(log.changes, until), 3) if log else None,
        "db_cpu_s": _rounded(seen.origin.cpu_s) if seen.origin else None,
        "db_stall_ms": _rounded(seen.database_stall_s, 1000),
        "db_executed": _executed(log, until) if log else None,
        "db_abandoned": seen.origin.abandoned if seen.origin else None,
        "loads": seen.counters.loads,
    }


def _executed(log: OriginLog | OwnLog, until: float) -> int:
    return log.executed_by(until) if isinstance(log, OriginLog) else log.executed


def _epochs(lifetimes: Epochs | None) -> Figures:
    return {
        "epochs": lifetimes.epochs if lifetimes else None,
        "loads_per_epoch_mean": lifetimes.mean if lifetimes else None,
        "loads_per_epoch_ci95": lifetimes.ci95 if lifetimes else None,
        "loads_per_epoch_max": lifetimes.maximum if lifetimes else None,
    }


def _staleness(ages: NDArray[np.float64]) -> Figures:
    return {
        "stale": int(np.count_nonzero(ages)),
        "staleness_max_ms": milliseconds(ages.max(initial=0.0)),
        "staleness_p99_ms": milliseconds(np.quantile(ages, 0.99)) if len(ages) else None,
    }


def _store(seen: Observed) -> Figures:
    return {
        "redis_commands": seen.redis_commands,
        "redis_bytes": seen.redis_bytes,
        "redis_cpu_s": _rounded(seen.surroundings.store_cpu_s),
        "redis_stall_ms": _rounded(seen.surroundings.store_stall_s, 1000),
        "store_errors": seen.store_errors,
        "fenced_fills": seen.counters.fenced_fills,
        "degraded": seen.counters.degraded,
        "breaker_opened": seen.counters.breaker_opened,
    }


def _harness(seen: Observed, punctuality: Punctuality) -> Figures:
    processors = seen.surroundings.processors
    return {
        "arrival_spread_ms": milliseconds(punctuality.spread),
        "lag_p50_ms": milliseconds(punctuality.lag_p50),
        "lag_p99_ms": milliseconds(punctuality.lag_p99),
        "loop_lag_ms": milliseconds(seen.lag_max),
        "cpu_s": round(seen.cpu, 4),
        "foreign_cpu": _rounded(processors.foreign) if processors and seen.surroundings.all_known else None,
        "stolen_cpu": _rounded(processors.stolen) if processors else None,
    }


def _rounded(seconds: float | None, times: float = 1.0) -> float | None:
    return None if seconds is None else round(seconds * times, 4)


def _lifetime(scenario: Scenario) -> float:
    """Seconds that an epoch lasts at most, if somebody asks at once when the value has expired."""
    return float(scenario.cache.ttl) + float(scenario.database.latency.median)


def _last_chance(scenario: Scenario) -> float:
    """Seconds after the release until which volunteers may come; a burst's come at once."""
    arrivals = scenario.workload.arrivals
    return arrivals.length() if arrivals.steady else math.inf
