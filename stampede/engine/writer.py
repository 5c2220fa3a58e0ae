"""The workload's writer: without it nothing could be told about staleness."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from stampede.core.errors import RequestError
from stampede.core.keys import key_name
from stampede.origins.connect import OpenOrigin
from stampede.scenario.model import Scenario


class Writer:
    """Changes keys at the origin, at random moments, and perhaps has the cache forget them."""

    def __init__(self, scenario: Scenario, label: str, random: Random) -> None:
        self._rate = scenario.workload.writes
        self._invalidate = scenario.workload.invalidate
        self._keys = scenario.workload.keys
        self._label = label
        self._random = random

    async def write(self, origin: OpenOrigin, invalidate: Callable[[str], Awaitable[None]]) -> None:
        """Write until cancelled. Raises UsageError if the origin cannot be written to."""
        while True:
            await asyncio.sleep(self._random.expovariate(self._rate))
            name = key_name(self._label, self._keys.pick(self._random))
            try:
                await origin.write(name)
                if self._invalidate:
                    await invalidate(name)
            except RequestError:
                continue  # the server that failed shows in the requests
