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

ATTEMPTS = 3


class Controlled:
    """Executes trials; the first one of a strategy in a scenario with events has its control before it."""

    def __init__(self) -> None:
        self._usual: dict[tuple[Strategy, Scenario], float | str | None] = {}

    async def execute(
        self, bench: Bench, scenario: Scenario, strategy: Strategy, number: int, seed: int
    ) -> tuple[Trial, Requests]:
        """As `stampede.engine.execution.execute`. If there is no valid control, nothing is said of the recovery."""
        if scenario.struck_at is None:
            return await execute(bench, scenario, strategy, number, seed)
        if (strategy, scenario) not in self._usual:
            self._usual[strategy, scenario] = await _usual(bench, scenario, strategy, scenario.struck_at, seed)
        usual = self._usual[strategy, scenario]
        if not isinstance(usual, str):
            return await execute(bench, scenario, strategy, number, seed, usual)
        trial, requests = await execute(bench, scenario, strategy, number, seed)
        return msgspec.structs.replace(trial, warnings=[*trial.warnings, usual]), requests


async def _usual(
    bench: Bench, scenario: Scenario, strategy: Strategy, struck_at: float, seed: int
) -> float | str | None:
    """The worst hit rate without the events; or why it is not known."""
    uneventful = msgspec.structs.replace(scenario, events=())
    for _ in range(ATTEMPTS):
        control, requests = await execute(bench, uneventful, strategy, 0, seed)
        if control.valid:
            return worst_window(requests, struck_at)
    return f"the recovery is not known, for the control without the events was INVALID: {'; '.join(control.reasons)}"
