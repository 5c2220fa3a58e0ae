"""How long a trial may take, and what it writes into the cache may live."""

from __future__ import annotations

from stampede.scenario.model import Scenario

PATIENCE_S = 30.0
WORST_BACKLOG = 20_000
SLACK = 3


def deadline(scenario: Scenario) -> float:
    """Seconds after which a trial is given up: well above what an unprotected database needs."""
    law = scenario.workload.arrivals
    total = law.total(scenario.workload.concurrency or 0) * (1 + scenario.client.retries)
    return PATIENCE_S + law.length() + SLACK * min(total, WORST_BACKLOG) * _turn(scenario)


def lifetime(scenario: Scenario) -> float:
    """Seconds for which a key of a trial may be needed: a deadline, and before it every key loaded once."""
    return deadline(scenario) + SLACK * scenario.workload.keys.count() * _turn(scenario)


def _turn(scenario: Scenario) -> float:
    """Seconds in which a busy database ends one load."""
    return scenario.database.latency.median / scenario.database.connections
