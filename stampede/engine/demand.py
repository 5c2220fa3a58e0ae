"""What a scenario asks of the server behind the store, known before anything is started."""

from __future__ import annotations

from stampede.core.ports import Demand
from stampede.scenario.model import Scenario

VALUE = 2048
"""Bytes of a value in its envelope: those of the fake-slow database have 1,700; of another one nobody knows yet."""
ANSWER = VALUE + 256
"""A burst's answers wait in the server's memory, if only for a moment."""
KEY = VALUE * 5 // 4 + 512
"""What a key takes with its name, its expiry, its guard, and what allocators round up: measured, 2,400 at most."""
CONNECTION = 32_768
CONNECTIONS = 4 + 3
"""Of an instance: the shared ones and those for huge commands, and those that listen."""
SERVER = 1_000_000
"""Scripts, subscriptions, the run's own connections."""
FLOOR_CALLERS = 100


def demand(scenario: Scenario) -> Demand:
    """What all strategies of the scenario need together, and what each of them may take."""
    needs: frozenset[type] = frozenset().union(*(strategy.needs() for strategy in scenario.strategies))
    return Demand(needs, _keeps(scenario))


def _keeps(scenario: Scenario) -> int:
    """Bytes of the server's memory; the keys of a trial are removed before the next."""
    fleet, work = scenario.fleet, scenario.workload
    callers = work.concurrency or FLOOR_CALLERS * fleet.instances
    connections = fleet.instances * max(CONNECTIONS, fleet.redis_pool)
    return SERVER + connections * CONNECTION + work.keys.count() * KEY + callers * ANSWER
