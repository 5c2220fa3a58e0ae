"""What a scenario asks of the server behind the store, known before anything is started."""

from __future__ import annotations

from stampede.core.ports import Demand
from stampede.scenario.model import Scenario


def demand(scenario: Scenario) -> Demand:
    """What all strategies of the scenario need together."""
    return Demand(frozenset().union(*(strategy.needs() for strategy in scenario.strategies)))
