"""A database of the user's own: an SQLite file, and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from stampede.core.errors import DatabaseUnavailable, LoadError, StampedeError, UsageError
from stampede.core.model import Loaded
from stampede.origins import sql
from stampede.origins.client_count import timeline
from stampede.origins.connect import connect_origin
from stampede.origins.query import Query
from stampede.origins.sql import POOL, SqlDatabase

pytestmark = pytest.mark.usefixtures("real_time")

BY_KEY = Query("select name, price from goods where name = :key", "select name from goods order by name")
"""The key's number stands for a name: 0 for apple, 1 for pear, and so on from the beginning."""

APPLE, PEAR = "t0:0", "t0:1"


GOODS = (
    "create table goods (name text primary key, price {number}, note text, blob {bytes})",
    "insert into goods values ('apple', 1.25, null, {apple}), ('pear', 2, 'naïve ✗', null)",
)
SQLITE = {"number": "numeric", "bytes": "blob", "apple": "x'00ff'"}
POSTGRES = {"number": "double precision", "bytes": "bytea", "apple": r"'\x00ff'"}


def execute(url: str, *statements: str) -> None:
    """Change the database behind our back."""

    async def each() -> None:
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    with ThreadPoolExecutor(1) as aside:  # the test's own loop runs already
        aside.submit(asyncio.run, each()).result()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """An SQLite file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path}/shop.db"


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with a table: an SQLite file, or a schema in a real PostgreSQL."""
    if request.param == "sqlite":
        url = request.getfixturevalue("database_url")
        execute(url, *(statement.format(**SQLITE) for statement in GOODS))
        yield url
    else:
        url = request.getfixturevalue("postgres_url")
        execute(url, *(statement.format(**POSTGRES) for statement in GOODS))
        yield url
        execute(url, "drop table goods")


async def drivers_threads_ended() -> None:
    """Wait for aiosqlite: after a failed connect its thread still has a word for the loop, and must find it open."""
    while any("_connection_worker_thread" in thread.name for thread in threading.enumerate()):
        await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(url: str, query: Query | str) -> AsyncIterator[SqlDatabase]:
    database = await SqlDatabase.open(url, Query(query) if isinstance(query, str) else query)
    try:
        yield database
    finally:
        await database.close()


async def test_a_load_is_the_query_with_the_key_bound(shop: str) -> None:
    async with opened(shop, BY_KEY) as database:
        assert json.loads((await database.load(APPLE)).value) == [{"name": "apple", "price": 1.25}]
        assert json.loads((await database.load(PEAR)).value) == [{"name": "pear", "price": 2}]
        assert await database.load("t7:2") == await database.load(APPLE), "the values begin again"


async def test_a_value_is_bound_and_never_pasted(shop: str) -> None:
    hostile = msgspec.structs.replace(BY_KEY, keys_from="select ''' or 1=1; drop table goods; --'")
    async with opened(shop, hostile) as database:
        assert (await database.load(APPLE)).value == b"null"
    async with opened(shop, BY_KEY) as database:
        assert (await database.load(APPLE)).value != b"null"


async def test_without_values_the_keys_number_is_bound_as_an_integer(shop: str) -> None:
    async with opened(shop, "select name from goods where price > 2 * cast(:key as integer)") as database:
        assert json.loads((await database.load("t3:0")).value) == [{"name": "apple"}, {"name": "pear"}]
        assert (await database.load("t3:7")).value == b"null"


async def test_an_integer_column_takes_the_number_as_it_is(shop: str) -> None:
    execute(shop, "create table ids (id integer)", "insert into ids values (0), (1)")
    try:
        async with opened(shop, "select id from ids where id = :key") as database:
            assert [(await database.load(f"t0:{n}")).value for n in range(3)] == [
                b'[{"id":0}]',
                b'[{"id":1}]',
                b"null",
            ]
        async with opened(shop, Query("select id from ids where id = :key", "select id from ids where id = 1")) as it:
            assert (await it.load("t0:12")).value == b'[{"id":1}]'
    finally:
        execute(shop, "drop table ids")


async def test_a_number_where_a_text_is_wanted_is_said_with_the_ways_out(postgres_url: str) -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r"write cast\(:key as integer\), or give its values by --keys-from"
    ):
        await SqlDatabase.open(postgres_url, Query("select :key as key"))


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (Query("select 1", "select 1"), "the values of :key, which is not in the query"),
        (msgspec.structs.replace(BY_KEY, keys_from="select name from goods where price > 9"), "finds no row"),
    ],
)
async def test_values_that_are_of_no_use_are_a_usage_error(shop: str, query: Query, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        await SqlDatabase.open(shop, query)


async def test_a_query_for_values_that_does_not_work_is_found_out_when_opening(shop: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="nowhere"):
        await SqlDatabase.open(shop, msgspec.structs.replace(BY_KEY, keys_from="select id from nowhere"))


async def test_loads_are_counted_from_one_count_to_the_next(shop: str) -> None:
    async with opened(shop, BY_KEY) as database:
        before = database.begin()
        await database.load(APPLE)
        after = database.begin()
        await asyncio.gather(database.load(APPLE), database.load(PEAR))
    assert ((before.arrived, before.executed), (after.arrived, after.executed)) == ((1, 1), (2, 2))
    assert max(in_flight for _, in_flight, _ in timeline([before, after])) <= 2
    assert timeline([before, after])[-1][1:] == (0, 0)


async def test_a_query_may_do_without_the_key(shop: str) -> None:
    async with opened(shop, "select count(*) as n from goods") as database:
        assert await database.load("t0:5") == Loaded(b'[{"n":2}]', 1)


async def test_whatever_the_columns_hold_becomes_json(shop: str) -> None:
    async with opened(shop, "select * from goods order by name") as database:
        apple, pear = json.loads((await database.load(APPLE)).value)
    assert apple == {"name": "apple", "price": 1.25, "note": None, "blob": "AP8="}
    assert pear == {"name": "pear", "price": 2, "note": "naïve ✗", "blob": None}


async def test_more_loads_than_connections_all_come_back(shop: str) -> None:
    async with opened(shop, BY_KEY) as database:
        loaded = await asyncio.gather(*(database.load(APPLE) for _ in range(100)))
    assert {each.value for each in loaded} == {b'[{"name":"apple","price":1.25}]'}


async def test_as_many_loads_as_connections_find_them_open_and_do_not_queue(shop: str) -> None:
    async with opened(shop, BY_KEY) as database:
        count = database.begin()
        await asyncio.gather(*(database.load(APPLE) for _ in range(POOL)))
    queues = [queued for _, _, queued in timeline([count])]
    assert max(queues) <= POOL // 4, "a busy machine may hold up some"


async def test_a_server_that_allows_few_connections_is_used_with_those(shop: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(sql, "POOL", 150)  # PostgreSQL allows 100
    async with opened(shop, BY_KEY) as database:
        assert (await database.load(APPLE)).value != b"null"


async def test_a_table_that_goes_away_is_a_load_error_and_comes_back(shop: str) -> None:
    async with opened(shop, BY_KEY) as database:
        execute(shop, "alter table goods rename to gone")
        with pytest.raises(LoadError, match=r'^database: (no such table: goods|relation "goods" does not exist)$'):
            await database.load(APPLE)
        execute(shop, "alter table gone rename to goods")
        assert (await database.load(APPLE)).value != b"null"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("select * from nowhere", "nowhere"),
        ("selekt 1", "syntax error"),
        ("select :other", "other"),
        ("update goods set price = 1", ""),
        ("", ""),
    ],
)
async def test_a_query_that_does_not_work_is_found_out_when_opening(shop: str, query: str, problem: str) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        await SqlDatabase.open(shop, Query(query))
    assert str(caught.value).startswith(f"the database {shop} refuses: ")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_file_in_a_folder_that_is_not_there_is_a_clear_error(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="unable to open database file"):
        await SqlDatabase.open(database_url.replace("shop.db", "nowhere/shop.db"), Query("select 1"))
    await drivers_threads_ended()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "sqlite:///file.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "nosuch+driver://host/db",
        "postgresql+nosuchdriver://host/db",
        "postgresql+asyncpg://me:zQzQz@host:port/db",
        "postgresql://me:zQzQz@host/db",
    ],
)
async def test_a_url_that_cannot_be_used_is_a_usage_error_that_shows_the_form_and_no_password(url: str) -> None:
    with pytest.raises(UsageError, match=r"write sqlite\+aiosqlite:///FILE or postgresql") as caught:
        await SqlDatabase.open(url, Query("select 1"))
    assert "zQzQz" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("password", ["zQzQz", "zQ/zQzQz", "zQ?zQzQz", "zQ#zQzQz"])
async def test_a_server_that_is_not_there_is_a_clear_error_without_the_password(password: str) -> None:
    with pytest.raises(StampedeError) as caught:
        await SqlDatabase.open(f"postgresql+asyncpg://me:{password}@127.0.0.1:1/db", Query("select 1"))
    assert isinstance(caught.value, DatabaseUnavailable)
    assert "zQ" not in str(caught.value)


async def test_a_url_with_a_query_opens_an_sql_database(shop: str) -> None:
    origin = await connect_origin(shop, BY_KEY)
    try:
        assert (await origin.load(APPLE)).version == 1
    finally:
        await origin.close()
