"""The trial's keys in the cache: a user's server is a guest's house, where nothing is left behind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from stampede.core.errors import StoreError
from stampede.core.keys import key_name
from stampede.core.ports import StoreServer
from stampede.protection.names import office_of


class KeyCleaner:
    """Removes the keys of a trial, which begin with its label."""

    def __init__(self, server: StoreServer) -> None:
        self._server = server

    async def remove(self, label: str, numbers: Iterable[int]) -> None:
        """Remove values and guards. Raises StoreError."""
        await self._server.remove(key_name(label, number) for number in numbers)

    async def clean(self, label: str, count: int) -> None:
        """Remove what a trial over `count` keys may have left; quietly: a server that is gone has nothing left."""
        with contextlib.suppress(StoreError):
            await self.remove(label, range(count))
            await self._server.remove([office_of(key_name(label, 0))])
