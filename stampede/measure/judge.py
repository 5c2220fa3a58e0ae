"""Whether a trial may be believed (design: "what makes a measurement valid")."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from stampede.measure import validity
from stampede.measure.observed import Observed
from stampede.measure.timing import Punctuality, last_answer, shortest_load
from stampede.measure.trial import Judged
from stampede.measure.validity import Finding
from stampede.scenario.model import Scenario


def judge(scenario: Scenario, seen: Observed, punctuality: Punctuality) -> Judged:
    """Judge a trial by every rule."""
    findings = chain(
        _arrivals(scenario, seen, punctuality),
        _counts(seen),
        _servers(scenario, seen),
        _store(scenario, seen),
        _machine(seen),
        _left_behind(seen),
    )
    reasons, warnings = validity.sorted_out(findings)
    return Judged(valid=not reasons, reasons=reasons, warnings=warnings)


def _arrivals(scenario: Scenario, seen: Observed, came: Punctuality) -> Iterator[Finding]:
    latency = float(scenario.database.latency.median) if seen.origin else shortest_load(seen.requests)
    if latency:
        yield from validity.spread(came.spread, latency)
    else:
        yield Finding("no load was seen, so the arrival spread has nothing to be compared with")
    if early := int(np.count_nonzero(seen.requests.started < seen.requests.intended)):
        yield Finding(f"{early} requests started before their instant: the clock or the harness is wrong", True)
    yield from _generator(scenario, seen, came)


def _generator(scenario: Scenario, seen: Observed, came: Punctuality) -> Iterator[Finding]:
    """Whether the load generator was the limit: open loops start late, closed ones ask less often."""
    arrivals = scenario.workload.arrivals
    if arrivals.paced and len(seen.requests):
        p50, p99 = np.quantile(seen.requests.latency, [0.5, 0.99])
        late = [
            *validity.late("p99", came.lag_p99, float(p99), seen.lag_max),
            *validity.late("p50", came.lag_p50, float(p50), seen.lag_max),
        ]
        yield from sorted(late, key=lambda each: not each.invalid)[:1]  # both have one cause: the worse one
    elif arrivals.steady and (length := last_answer(seen.requests)):
        yield from validity.saturated(seen.busiest_cpu / length)


def _counts(seen: Observed) -> Iterator[Finding]:
    loads, origin, own = seen.counters.loads, seen.origin, seen.own
    if seen.lost:
        yield Finding(f"instance {', '.join(map(str, seen.lost))} died", True)
    elif origin is not None and origin.hits != loads:
        yield Finding(f"the instances count {loads} loads, the database {origin.hits}", True)
    elif own is not None and own.arrived != loads:
        yield Finding(f"the strategies count {loads} loads, the connections' users {own.arrived}", True)
    if own is not None and own.executed < own.arrived:
        yield Finding(
            f"{own.arrived - own.executed} of {own.arrived} loads got no connection and never reached "
            "the database: they are no DB hits"
        )


def _servers(scenario: Scenario, seen: Observed) -> Iterator[Finding]:
    p99 = float(np.quantile(seen.requests.latency, 0.99)) if len(seen.requests) else 0.0
    if origin := seen.origin:
        yield from validity.slow_service(origin.executed, origin.drawn_s, origin.busy_s)
    yield from validity.stall("the database", seen.database_stall_s or 0.0, p99)
    if not scenario.troubles_store:
        yield from validity.stall("the store's server", seen.surroundings.store_stall_s or 0.0, p99)


def _store(scenario: Scenario, seen: Observed) -> Iterator[Finding]:
    if not scenario.troubles_store:
        yield from validity.store_trouble(seen.store_errors, seen.counters.degraded, len(seen.requests))


def _machine(seen: Observed) -> Iterator[Finding]:
    around = seen.surroundings
    if around.processors:
        yield from validity.unsteady(around.processors, around.all_known)


def _left_behind(seen: Observed) -> Iterator[Finding]:
    if seen.unsettled:
        yield Finding(f"{seen.unsettled} background tasks had to be cancelled")
