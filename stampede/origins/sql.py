"""A database of the user's own, through SQLAlchemy; stampede only ever runs the queries it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import ResourceClosedError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from stampede.core.errors import DatabaseUnavailable, LoadError, UsageError
from stampede.core.keys import key_number
from stampede.core.model import NOT_FOUND, Loaded
from stampede.core.urls import without_password, words_about
from stampede.origins.client_count import ClientCount
from stampede.origins.query import Query
from stampede.origins.read_only import leave_nothing_beside, open_engine, require_reading

POOL = 20


class SqlDatabase:
    """An origin over any SQLAlchemy async URL. `:key`, if it is in the query, is bound as `Query` says."""

    def __init__(self, engine: AsyncEngine, query: Query) -> None:
        self._engine = engine
        self._query = query
        self._sql = text(query.sql)
        self._binds_key = "key" in self._sql.compile().params
        self._values: Sequence[object] = ()
        self._count = ClientCount()

    @classmethod
    async def open(cls, url: str, query: Query) -> SqlDatabase:
        """Connect, read the keys' values, and run the query once.

        Raises:
            UsageError: no URL of a database that can be held to reading; or `keys_from` is of no use.
            DatabaseUnavailable: the database does not answer, or refuses a query.
        """
        database = cls(open_engine(url, POOL), query)
        try:
            await database._begin()
        except (SQLAlchemyError, OSError) as error:
            await database.close()
            problem = words_about(url, _first_line(error))
            raise DatabaseUnavailable(
                f"the database {without_password(url)} refuses: {problem}{database._hint(problem)}"
            ) from None
        except (TypeError, ValueError):  # the driver's own words may quote what the URL has
            await database.close()
            raise UsageError(
                f"the database {without_password(url)} has an option that its driver does not take"
            ) from None
        except UsageError:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
        await asyncio.to_thread(leave_nothing_beside, self._engine.url)

    def begin(self, cancel: bool = False) -> ClientCount:
        """Begin a new count. A load that is under way belongs to the count in which it arrived.

        What becomes of a load whose caller gave up is for the driver to say, not for `cancel`.
        """
        self._count = ClientCount()
        return self._count

    async def load(self, key: str) -> Loaded:
        """One load: the rows as JSON text, or null if there are none. Raises LoadError."""
        try:
            rows = await self._rows(key_number(key))
        except (SQLAlchemyError, OSError) as error:
            raise LoadError(f"database: {_first_line(error)}") from error
        return Loaded(msgspec.json.encode(rows, enc_hook=str) if rows else NOT_FOUND, 1)

    async def write(self, key: str) -> None:
        """Never: a user's database is a guest's house. Raises UsageError."""
        raise UsageError("a workload with writes needs the fake-slow database: leave --database out")

    async def _begin(self) -> None:
        if self._query.keys_from is not None:
            if not self._binds_key:
                raise UsageError("--keys-from gives the values of :key, which is not in the query: write it there")
            async with self._engine.connect() as connection:
                keys_from = text(self._query.keys_from)
                await require_reading(connection, keys_from, {})
                self._values = (await connection.execute(keys_from)).scalars().all()
            if not self._values:
                raise UsageError("--keys-from finds no row: give a query whose first column has the keys' values")
        async with self._engine.connect() as connection:
            await require_reading(connection, self._sql, self._bound(0))
        await self._rows(0)
        await self._open_pool()

    async def _open_pool(self) -> None:
        """Open all connections now, or as many as the server allows: no burst must pay, or queue, for that."""
        connections = [self._engine.connect() for _ in range(POOL)]
        opened = await asyncio.gather(*(each.start() for each in connections), return_exceptions=True)
        for connection in opened:
            if isinstance(connection, AsyncConnection):
                await connection.close()

    async def _rows(self, number: int) -> list[dict[str, object]]:
        bound = self._bound(number)
        with self._count.load() as executing:
            async with self._engine.connect() as connection:
                with executing():
                    result = await connection.execute(self._sql, bound)
                    return [dict(row) for row in result.mappings()]

    def _bound(self, number: int) -> dict[str, object]:
        if not self._binds_key:
            return {}
        return {"key": self._values[number % len(self._values)] if self._values else number}

    def _hint(self, problem: str) -> str:
        """What to do about a key of the wrong type."""
        if not self._binds_key or self._values or "got int" not in problem:
            return ""
        return " (:key is the key's number: write cast(:key as integer), or give its values by --keys-from)"


def _first_line(error: BaseException) -> str:
    if isinstance(error, ResourceClosedError):
        return "it gives no rows, as a select does"
    origin = getattr(error, "orig", None) or error
    origin = origin.__cause__ or origin  # asyncpg's own words, without the class that SQLAlchemy puts before them
    line = (str(origin).strip() or type(error).__name__).splitlines()[0]
    details = "".join(f" ({detail})" for detail in getattr(error, "detail", ()))
    return line.partition(" (Background on this error at")[0] + details
