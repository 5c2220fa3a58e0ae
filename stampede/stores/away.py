"""A store that has not been reached yet."""

from __future__ import annotations

import asyncio

from stampede.core.errors import StoreGone
from stampede.core.ports import Sent, unheeded
from stampede.stores.memory import MemoryStore


class AwayStore(MemoryStore):
    """Every step fails before anything is done: what a strategy does then is its own."""

    def __init__(self, why: str) -> None:
        super().__init__(asyncio.get_running_loop().time)
        self._why = why

    async def _travel(self, sent: Sent = unheeded) -> None:
        raise StoreGone(self._why)
