"""A database of the user's own, through SQLAlchemy; stampede only ever runs the queries it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from stampede.core.errors import DatabaseUnavailable, LoadError, UsageError
from stampede.core.keys import key_number
from stampede.core.model import NOT_FOUND, Loaded
from stampede.core.urls import without_password, without_secrets
from stampede.origins.client_count import ClientCount
from stampede.origins.query import Query

DRIVERS = "sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
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
            UsageError: not an async SQLAlchemy URL, or its driver is not installed; or `keys_from` is of no use.
            DatabaseUnavailable: the database does not answer, or refuses a query.
        """
        shown = without_password(url)
        try:
            engine = create_async_engine(url, pool_size=POOL, max_overflow=0, pool_timeout=300)
        except (ArgumentError, NoSuchModuleError, ImportError, SQLAlchemyError, TypeError, ValueError) as error:
            problem = without_secrets(_first_line(error), url)
            raise UsageError(f"cannot use the database {shown} ({problem}): write {DRIVERS}") from None
        database = cls(engine, query)
        try:
            await database._begin()
        except (SQLAlchemyError, OSError) as error:
            await database.close()
            problem = without_secrets(_first_line(error), url)
            raise DatabaseUnavailable(f"the database {shown} refuses: {problem}{database._hint(problem)}") from None
        except UsageError:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

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
                self._values = (await connection.execute(text(self._query.keys_from))).scalars().all()
            if not self._values:
                raise UsageError("--keys-from finds no row: give a query whose first column has the keys' values")
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
        bound = {"key": self._value(number)} if self._binds_key else {}
        with self._count.load() as executing:
            async with self._engine.connect() as connection:
                with executing():
                    result = await connection.execute(self._sql, bound)
                    return [dict(row) for row in result.mappings()]

    def _value(self, number: int) -> object:
        return self._values[number % len(self._values)] if self._values else number

    def _hint(self, problem: str) -> str:
        """What to do about a key of the wrong type."""
        if not self._binds_key or self._values or "got int" not in problem:
            return ""
        return " (:key is the key's number: write cast(:key as integer), or give its values by --keys-from)"


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    origin = origin.__cause__ or origin  # asyncpg's own words, without the class that SQLAlchemy puts before them
    return (str(origin).strip() or type(error).__name__).splitlines()[0]
