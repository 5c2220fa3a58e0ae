"""Somebody's database, opened so that no query can change it.

SQLite: the file is opened for reading, `query_only` is on, and an authorizer lets nothing but reads be prepared, for
`attach` and `vacuum into` open files of their own. PostgreSQL: every transaction is READ ONLY and rolled back; what
such a one may do all the same (`copy … to`, `analyze`) is refused because it cannot be explained.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import URL, TextClause, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from stampede.core.errors import UsageError
from stampede.core.urls import without_password

FORMS = "sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
POOL_TIMEOUT_S = 300

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION}
_HARMLESS_PRAGMAS = {"read_uncommitted", "data_version", "page_size"}
"""What SQLAlchemy and full-text indexes read for themselves."""
_WRITING = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
_INTERNAL = ("sqlite_master", "_node", "_rowid", "_parent")
"""Tables that a virtual table prepares writes to when it is only read; the file's mode keeps those from execution."""


def open_engine(url: str, connections: int) -> AsyncEngine:
    """An engine whose connections only read. Raises UsageError: the URL, or its driver, is of no use."""
    shown = without_password(url)
    try:
        parsed = make_url(url)
        pool: dict[str, Any] = {"pool_size": connections, "max_overflow": 0, "pool_timeout": POOL_TIMEOUT_S}
        match parsed.drivername:
            case "sqlite+aiosqlite":
                if "?" in url:
                    raise UsageError(f"an SQLite database is a file without options, not {shown}: write {FORMS}")
                return create_async_engine(_for_reading(parsed), connect_args={"factory": _Reader}, **pool)
            case "postgresql+asyncpg":
                return create_async_engine(parsed, execution_options={"postgresql_readonly": True}, **pool)
    except ImportError as error:
        raise UsageError(f"the database {shown} needs the package {error.name}: pip install {error.name}") from None
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError):  # their words may quote a part of a password
        raise UsageError(f"cannot use the database {shown}: write {FORMS}") from None
    raise UsageError(f"no way to keep a query from writing at the database {shown}: write {FORMS}")


async def require_reading(connection: AsyncConnection, sql: TextClause, bound: dict[str, object]) -> None:
    """Have PostgreSQL say what it would do, which it can of queries only.

    Raises:
        SQLAlchemyError: it cannot, and nothing has happened.
    """
    if connection.dialect.name != "postgresql":
        return
    try:
        await connection.execute(text(f"explain (costs off) {sql.text}"), bound)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == "42601":
            error.add_detail("a query reads: select, values, table, with")
        raise


def leave_nothing_beside(url: URL) -> None:
    """Remove the `-wal` and `-shm` that reading a file in WAL mode has made, if the log is empty.

    They would be ours, so that its owner might not write any more. Who only reads may not remove them; a connection
    that may write does when it is the last one to be closed, which only SQLite can tell.
    """
    name = (url.database or "").removeprefix("file:")
    log = Path(unquote(name) + "-wal")
    if url.get_backend_name() != "sqlite" or not log.is_file() or log.stat().st_size:
        return
    with (
        contextlib.suppress(sqlite3.Error),  # busy, or not to be written
        contextlib.closing(sqlite3.connect(f"file:{name}?mode=rw", uri=True)) as last,
    ):
        last.execute("select 1 from sqlite_master").close()


def _for_reading(url: URL) -> URL:
    """The file as a URI, quoted, so that nothing in its name is taken for the URI's own options."""
    name = url.database or ""
    if name in ("", ":memory:") or name.startswith("file:"):
        raise UsageError(f"an SQLite database is the path of a file, for one in memory would be empty: write {FORMS}")
    return url.set(database=f"file:{quote(os.path.abspath(name))}", query={"mode": "ro", "uri": "true"})


class _Reader(sqlite3.Connection):
    """A connection that prepares nothing but reads."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.execute("pragma query_only = on")
        self.set_authorizer(_authorize)


def _authorize(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    if action in _READING:
        allowed = True
    elif action == sqlite3.SQLITE_FUNCTION:
        allowed = second != "load_extension"
    elif action == sqlite3.SQLITE_PRAGMA:
        allowed = first in _HARMLESS_PRAGMAS and second is None
    else:
        allowed = action in _WRITING and (first or "").endswith(_INTERNAL)
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY
