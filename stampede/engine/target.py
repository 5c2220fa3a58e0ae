"""What faults may lay hands on in one trial."""

from __future__ import annotations

import asyncio
from random import Random

from stampede.engine.fleet import Fleet
from stampede.engine.key_cleaner import KeyCleaner
from stampede.origins.slow import SlowDatabaseClient
from stampede.scenario.model import Scenario


class TrialTarget:
    """The contract of `stampede.scenario.fault.Target`, for one trial."""

    def __init__(
        self,
        scenario: Scenario,
        label: str,
        seed: int,
        fleet: Fleet,
        key_cleaner: KeyCleaner,
        database: SlowDatabaseClient,
    ) -> None:
        self.random = Random(f"{seed}/events")
        self._scenario = scenario
        self._label = label
        self._fleet = fleet
        self._key_cleaner = key_cleaner
        self._database = database
        self._latency = str(scenario.database.latency)
        self._failing = False

    async def inject(self, released_at: float, now: float) -> None:
        """Have every event of the scenario happen at its time. Raises StampedeError."""
        events = self._scenario.events
        await asyncio.gather(*(self._one(number, released_at - now) for number in range(len(events))))

    async def _one(self, number: int, until_release: float) -> None:
        event = self._scenario.events[number]
        await asyncio.sleep(until_release + event.at)
        await event.do.inject(self)

    def keys(self) -> int:
        return self._scenario.workload.keys.count()

    def instances(self) -> int:
        return self._scenario.fleet.instances

    async def remove(self, keys: list[int]) -> None:
        await self._key_cleaner.remove(self._label, keys)

    async def slow(self, latency: str | None) -> None:
        self._latency = latency or str(self._scenario.database.latency)
        await self._database.change(self._latency, self._failing)

    async def fail(self, failing: bool) -> None:
        self._failing = failing
        await self._database.change(self._latency, self._failing)

    async def restart(self, instances: list[int]) -> None:
        await self._fleet.restart(instances)
