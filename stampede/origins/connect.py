"""Opens the origin that an instance is told to use."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from stampede.core.model import Loaded
from stampede.origins.client_count import ClientCount
from stampede.origins.query import Query


class OpenOrigin(Protocol):
    """An origin with a connection to close."""

    def load(self, key: str) -> Awaitable[Loaded]:
        """One load. Raises LoadError."""
        ...

    def begin(self, cancel: bool = False) -> ClientCount | None:
        """Begin a trial, and a new count of this process's loads; None: the database counts them itself.

        `cancel`: whether the fake-slow database hears of a load whose caller gave up.
        """
        ...

    async def write(self, key: str) -> None:
        """Change the key's row at the origin. Raises LoadError."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


async def connect_origin(database: str, query: Query | None) -> OpenOrigin:
    """A socket's path means the fake-slow database; anything else is an SQLAlchemy URL with a query.

    Raises:
        DatabaseUnavailable: nothing usable is there.
    """
    if query is None:
        from stampede.origins.slow import SlowDatabaseClient

        return await SlowDatabaseClient.open(database)
    from stampede.origins.sql import SqlDatabase

    return await SqlDatabase.open(database, query)
