"""What faults may lay hands on in one trial."""

from __future__ import annotations

import asyncio
from random import Random

from stampede.core import scenario as scenarios
from stampede.core.scenario import Scenario
from stampede.engine.fleet import Fleet
from stampede.engine.keys import Janitor
from stampede.origins.slow import SlowDatabase


class TrialSite:
    """The contract of `stampede.core.fault.Site`, for one trial."""

    def __init__(
        self, scenario: Scenario, label: str, seed: int, fleet: Fleet, janitor: Janitor, database: SlowDatabase
    ) -> None:
        self.random = Random(f"{seed}/events")
        self._scenario = scenario
        self._label = label
        self._fleet = fleet
        self._janitor = janitor
        self._database = database
        self._latency = str(scenario.database.latency)
        self._failing = False

    async def strike(self, released_at: float, now: float) -> None:
        """Have every event of the scenario happen at its time. Raises StampedeError."""
        events = self._scenario.events
        await asyncio.gather(*(self._one(number, released_at - now) for number in range(len(events))))

    async def _one(self, number: int, until_release: float) -> None:
        event = self._scenario.events[number]
        await asyncio.sleep(until_release + event.at)
        await scenarios.fault(event).strike(self)

    def keys(self) -> int:
        return scenarios.keys(self._scenario.workload).count()

    def instances(self) -> int:
        return self._scenario.fleet.instances

    async def remove(self, keys: list[int]) -> None:
        await self._janitor.remove(self._label, keys)

    async def slow(self, latency: str | None) -> None:
        self._latency = latency or str(self._scenario.database.latency)
        await self._database.change(self._latency, self._failing)

    async def fail(self, failing: bool) -> None:
        self._failing = failing
        await self._database.change(self._latency, self._failing)

    async def restart(self, instances: list[int]) -> None:
        await self._fleet.restart(instances)
