"""What can happen in the middle of a trial; the plug-ins are the files in `stampede/faults/`."""

from __future__ import annotations

import asyncio
from random import Random
from typing import ClassVar, Protocol

from stampede.core.plugin import Plugin
from stampede.core.units import Duration
from stampede.origins.latency import Latency


class Target(Protocol):
    """What a fault may lay hands on: the trial's own keys, and the servers and processes that stampede started."""

    random: Random

    def keys(self) -> int:
        """How many keys the trial has."""
        ...

    def instances(self) -> int:
        """How many instances there are."""
        ...

    async def remove(self, keys: list[int]) -> None:
        """Remove keys from the cache behind everybody's back, by their numbers."""
        ...

    async def slow(self, latency: Latency | None) -> None:
        """Give the database another latency; None: the scenario's again."""
        ...

    async def fail(self, failing: bool) -> None:
        """Have the database answer every load with an error, or no longer."""
        ...

    async def restart(self, instances: list[int]) -> None:
        """Have instances lose all that they hold in their process, the requests they are working on included."""
        ...

    async def crash_redis(self) -> None:
        """Kill the Redis server: connections break, new ones are refused, and all that it held is lost."""
        ...

    async def start_redis(self) -> None:
        """Start it again after that, empty."""
        ...

    async def freeze_redis(self, frozen: bool) -> None:
        """Have the Redis server stand still, its connections open, or go on with what it holds."""
        ...

    async def slow_redis(self, latency: Latency | None) -> None:
        """Have every answer of Redis come so much later; None: no longer."""
        ...


class Fault(Plugin):
    """One kind of event. Its fields are its parameters."""

    family = "faults"
    troubles_store: ClassVar[bool] = False
    """Whether it explains that steps of the store fail."""
    own_redis: ClassVar[bool] = False
    """Whether it lays hands on the Redis server, which must be one that we started."""
    redis_proxy: ClassVar[bool] = False
    """Whether it needs a proxy in front of that server, from the start of the run."""
    holds: ClassVar[str] = ""
    """What it sets and gives back as it was, in words: only one event at a time can."""

    def lasts(self) -> float:
        """Seconds until its effect is taken back."""
        return 0.0

    async def inject(self, target: Target) -> None:
        """Make it happen, and take it back if it is to be."""
        raise NotImplementedError


class Lasting(Fault):
    """A kind of event that begins, lasts, and is taken back."""

    lasting: Duration

    def lasts(self) -> float:
        return self.lasting

    async def inject(self, target: Target) -> None:
        await self.strike(target, True)
        await asyncio.sleep(self.lasting)
        await self.strike(target, False)

    async def strike(self, target: Target, begins: bool) -> None:
        """Make it happen, or take it back."""
        raise NotImplementedError
