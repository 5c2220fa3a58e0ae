"""What the cache protects: a database of tracks that is slow and finite, and the same for all workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from stampede.core.errors import LoadError
from stampede.origins import catalogue
from stampede.origins.slow import SlowDatabaseClient
from stampede.origins.window import Seen

T = TypeVar("T")

PATIENCE_S = 30.0
"""How long a load may take, its queueing included; then the database is told to drop it."""


class Track(msgspec.Struct, frozen=True, rename="pascal"):
    """A row of the table. It cannot be changed, so that all who are answered together may have the same object."""

    track_id: int
    name: str
    album_id: int
    media_type_id: int
    genre_id: int
    composer: str
    milliseconds: int
    bytes: int
    unit_price: float


class Database:
    """A worker's line to it."""

    def __init__(self, client: SlowDatabaseClient) -> None:
        client.begin(cancel=True)
        self._client = client

    async def track(self, number: int) -> Track | None:
        """A track by its number; None: there is none. Raises LoadError."""
        return msgspec.json.decode(await self._load(catalogue.track(number)), type=Track | None)

    async def page(self, limit: int, offset: int) -> list[Track]:
        """So many tracks after the first `offset` of them. Raises LoadError."""
        return msgspec.json.decode(await self._load(catalogue.page(limit, offset)), type=list[Track])

    async def seen(self, within: float) -> Seen:
        """What it has counted so far. Raises LoadError: it does not answer within so many seconds."""
        return await _patiently(self._client.seen(), within)

    async def _load(self, key: str) -> bytes:
        return (await _patiently(self._client.load(key), PATIENCE_S)).value


async def _patiently(answer: Awaitable[T], within: float) -> T:
    try:
        return await asyncio.wait_for(answer, within)
    except TimeoutError:
        raise LoadError(f"the database did not answer within {within:g} s") from None
