"""Opens the origin that an instance is told to use."""

from __future__ import annotations

from collections.abc import Awaitable
from importlib.util import find_spec
from typing import Protocol

from stampede.core.errors import DatabaseUnavailable
from stampede.core.model import Loaded
from stampede.core.urls import without_password
from stampede.origins.client_count import ClientCount
from stampede.origins.query import Query

EXTRAS = {"sqlalchemy": "database", "aiosqlite": "database", "asyncpg": "postgres"}
"""Packages that only a database of the user's own needs, and what installs them."""


def require_packages(url: str) -> None:
    """Raises DatabaseUnavailable: what the database's URL needs is not installed."""
    driver = url.partition(":")[0].partition("+")[2]
    for package in ("sqlalchemy", driver):
        if package in EXTRAS and find_spec(package) is None:
            extra = EXTRAS.get(driver, "database")
            raise DatabaseUnavailable(
                f"the database {without_password(url)} needs {package}, which is not installed: "
                f"pip install 'stampede-bench[{extra}]'"
            )


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
