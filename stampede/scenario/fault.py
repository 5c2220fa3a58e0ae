"""What can happen in the middle of a trial; the plug-ins are the files in `stampede/faults/`."""

from __future__ import annotations

from random import Random
from typing import ClassVar, Protocol

from stampede.core.plugin import Plugin
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


class Fault(Plugin):
    """One kind of event. Its fields are its parameters."""

    family = "faults"
    troubles_store: ClassVar[bool] = False
    """Whether it explains that steps of the store fail."""

    def lasts(self) -> float:
        """Seconds until its effect is taken back."""
        return 0.0

    async def inject(self, target: Target) -> None:
        """Make it happen, and take it back if it is to be."""
        raise NotImplementedError
