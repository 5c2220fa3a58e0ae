"""Whether a trial may be believed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stampede.measure.observed import Observed
from stampede.measure.timing import shortest_load
from stampede.measure.trial import Judged
from stampede.measure.validity import judge_spread
from stampede.scenario.model import Scenario

LATE_S = 0.02


class Punctuality(NamedTuple):
    """Seconds: `spread` of those meant for one instant, `lag` by which requests started late (p99)."""

    spread: float
    lag: float


def judge(scenario: Scenario, seen: Observed, punctuality: Punctuality) -> Judged:
    """Judge a trial (design: "what makes a measurement valid")."""
    latency = float(scenario.database.latency.median) if seen.origin else shortest_load(seen.requests)
    if latency:
        reasons, warnings = judge_spread(punctuality.spread, latency)
    else:
        reasons, warnings = [], ["no load was seen, so the arrival spread has nothing to be compared with"]
    if punctuality.lag > LATE_S and scenario.workload.arrivals.paced:
        warnings.append(
            f"requests started {1000 * punctuality.lag:.0f} ms late (p99): the load generator is the limit, its "
            f"event loop lagged up to {1000 * seen.lag_max:.0f} ms: lower the rate or add instances and cores"
        )
    if early := int(np.count_nonzero(seen.requests.started < seen.requests.intended)):
        reasons.append(f"{early} requests started before their instant: the clock or the harness is wrong")
    if seen.lost:
        reasons.append(f"instance {', '.join(map(str, seen.lost))} died")
    elif seen.origin is not None and seen.origin.hits != seen.counters.loads:
        reasons.append(f"the instances count {seen.counters.loads} loads, the database {seen.origin.hits}")
    elif seen.own is not None and seen.own.arrived != seen.counters.loads:
        reasons.append(f"the strategies count {seen.counters.loads} loads, the connections' users {seen.own.arrived}")
    if seen.own is not None and seen.own.executed < seen.own.arrived:
        warnings.append(
            f"{seen.own.arrived - seen.own.executed} of {seen.own.arrived} loads got no connection and never reached "
            "the database: they are no DB hits"
        )
    if seen.unsettled:
        warnings.append(f"{seen.unsettled} background tasks had to be cancelled")
    return Judged(valid=not reasons, reasons=reasons, warnings=warnings)
