"""A database of the user's own, through SQLAlchemy; stampede only ever runs the query it is given."""

from __future__ import annotations

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from stampede.core.errors import DatabaseUnavailable, LoadError, UsageError
from stampede.core.model import Loaded
from stampede.core.urls import without_password, without_secrets

DRIVERS = "sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
POOL = 20


class SqlDatabase:
    """An origin over any SQLAlchemy async URL. `:key` in the query, if there, is bound to the key's name."""

    def __init__(self, engine: AsyncEngine, query: str) -> None:
        self._engine = engine
        self._query = text(query)
        self._binds_key = "key" in self._query.compile().params

    @classmethod
    async def open(cls, url: str, query: str) -> SqlDatabase:
        """Connect and run the query once.

        Raises:
            UsageError: not an async SQLAlchemy URL, or its driver is not installed.
            DatabaseUnavailable: the database does not answer, or refuses the query.
        """
        shown = without_password(url)
        try:
            engine = create_async_engine(url, pool_size=POOL, max_overflow=0, pool_timeout=300)
        except (ArgumentError, NoSuchModuleError, ImportError, SQLAlchemyError, TypeError, ValueError) as error:
            problem = without_secrets(_first_line(error), url)
            raise UsageError(f"cannot use the database {shown} ({problem}): write {DRIVERS}") from None
        database = cls(engine, query)
        try:
            await database._rows("warm-up")
        except (SQLAlchemyError, OSError) as error:
            await database.close()
            problem = without_secrets(_first_line(error), url)
            raise DatabaseUnavailable(f"the database {shown} refuses: {problem}") from None
        return database

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def load(self, key: str) -> Loaded:
        """One load: the rows as JSON text. Raises LoadError."""
        try:
            rows = await self._rows(key)
        except (SQLAlchemyError, OSError) as error:
            raise LoadError(f"database: {_first_line(error)}") from error
        return Loaded(msgspec.json.encode(rows, enc_hook=str), 1)

    async def write(self, key: str) -> None:
        """Never: a user's database is a guest's house. Raises UsageError."""
        raise UsageError("a workload with writes needs the fake-slow database: leave --database out")

    async def _rows(self, key: str) -> list[dict[str, object]]:
        async with self._engine.connect() as connection:
            result = await connection.execute(self._query, {"key": key} if self._binds_key else {})
            return [dict(row) for row in result.mappings()]


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    origin = origin.__cause__ or origin  # asyncpg's own words, without the class that SQLAlchemy puts before them
    return (str(origin).strip() or type(error).__name__).splitlines()[0]
