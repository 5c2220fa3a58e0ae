"""What the same workload shows without the scenario's events: one more trial for each strategy."""

from __future__ import annotations

import msgspec

from stampede.engine.bench import Bench
from stampede.engine.execution import execute
from stampede.measure.recovery import worst_window
from stampede.measure.requests import Requests
from stampede.measure.trial import Trial
from stampede.protection.strategy import Strategy
from stampede.scenario.model import Scenario


class Controlled:
    """Executes trials; the first one of a strategy in a scenario with events has its control before it."""

    def __init__(self) -> None:
        self._usual: dict[tuple[Strategy, Scenario], float | None] = {}

    async def execute(
        self, bench: Bench, scenario: Scenario, strategy: Strategy, number: int, seed: int
    ) -> tuple[Trial, Requests]:
        """As `stampede.engine.execution.execute`."""
        if scenario.struck_at is not None and (strategy, scenario) not in self._usual:
            uneventful = msgspec.structs.replace(scenario, events=())
            _, requests = await execute(bench, uneventful, strategy, 0, seed)
            self._usual[strategy, scenario] = worst_window(requests, scenario.struck_at)
        return await execute(bench, scenario, strategy, number, seed, self._usual.get((strategy, scenario)))
