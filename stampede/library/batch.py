"""Keys that are found missing together are loaded together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from stampede.core.errors import LoadError

LoadMany = Callable[[list[str]], Awaitable[Mapping[str, Any]]]


class Batch:
    """The loads of one `get_many`. Their questions leave together and are answered together, so they begin together:
    whatever begins in one tick of the event loop is one call.
    """

    def __init__(self, load_many: LoadMany) -> None:
        self._load_many = load_many
        self._keys: list[str] = []
        self._call: asyncio.Task[Mapping[str, Any]] | None = None

    async def load(self, key: str) -> Any:
        """The key's value. Raises LoadError, and whatever `load_many` raises."""
        self._keys.append(key)
        if self._call is None:
            self._call = asyncio.create_task(self._load())
        values = await asyncio.shield(self._call)
        if key not in values:
            raise LoadError(f"{self._name} gave nothing for {key!r}: give a value for every key, None perhaps")
        return values[key]

    @property
    def _name(self) -> str:
        return getattr(self._load_many, "__name__", "load_many")

    async def _load(self) -> Mapping[str, Any]:
        await asyncio.sleep(0)  # the others of this tick
        keys, self._keys, self._call = self._keys, [], None
        return await self._load_many(keys)
