"""A database of the user's own is only read, whatever the query says."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from stampede.core.errors import DatabaseUnavailable, UsageError
from stampede.origins.query import Query
from stampede.origins.sql import SqlDatabase
from tests.conftest import need
from tests.origins.test_sql import drivers_threads_ended, execute, opened

pytestmark = pytest.mark.usefixtures("real_time")

WRITES = [
    "drop table goods",
    "delete from goods",
    "delete from goods returning name",
    "update goods set name = 'x' returning name",
    "insert into goods values ('x') returning name",
    "create table more (a integer)",
    "create temporary table more (a integer)",
    "begin",
    "",
]
SQLITE_WRITES = [
    "pragma user_version = 7",
    "pragma query_only = off",
    "pragma journal_mode = wal",
    "attach 'new.db' as other",
    "vacuum",
    "vacuum into 'new.db'",
    "begin immediate",
    "reindex",
    "select load_extension('x')",
    "insert into boxes_node values (9, 9)",
]
POSTGRES_WRITES = [
    "select setval('numbers', 77)",
    "select nextval('numbers')",
    "copy (select 1) to '{folder}/copied'",
    "copy (select 1) to program 'touch {folder}/copied'",
    "copy goods from program 'echo x'",
    "do $$ begin perform setval('numbers', 77); end $$",
    "do $$ begin set transaction read write; perform setval('numbers', 77); end $$",
    "set session characteristics as transaction read write",
    "analyze goods",
    "vacuum goods",
    "notify goods",
    "select name from goods for update",
    "explain analyze delete from goods",
    "analyze verbose goods",
    "(select 1) ; drop table goods",
    "select set_config('transaction_read_only', 'off', false), setval('numbers', 77)",
    "with gone as (delete from goods returning name) select name from gone",
    "select name into more from goods",
    "call change()",
    "select change_in_function()",
]
POSTGRES_FIXTURE = (
    "create table goods (name text)",
    "insert into goods values ('apple'), ('pear')",
    "create sequence numbers",
    "create procedure change() language plpgsql as $$ begin delete from goods; commit; end $$",
    "create function change_in_function() returns int language sql as $$ delete from goods returning 1 $$",
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An SQLite file with a table, an R-tree and two full-text indexes, in the working directory."""
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("shop.db") as database:
        database.executescript(
            "create table goods (name text); insert into goods values ('apple'), ('pear');"
            "create virtual table boxes using rtree(id, low, high); insert into boxes values (1, 2, 3);"
            "create virtual table words using fts5(word); insert into words values ('hello');"
        )
    database.close()
    return tmp_path / "shop.db"


@pytest.mark.parametrize("sql", WRITES + SQLITE_WRITES)
@pytest.mark.parametrize("place", ["query", "keys_from"])
async def test_a_file_is_as_it_was_whatever_the_query_says(file: Path, sql: str, place: str) -> None:
    before = file.read_bytes()
    query = Query(sql) if place == "query" else Query("select :key", sql)
    with pytest.raises(DatabaseUnavailable, match=r"^the database sqlite\S+ refuses: \S") as caught:
        await SqlDatabase.open(f"sqlite+aiosqlite:///{file}", query)
    assert "Background" not in str(caught.value)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == ["shop.db"]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("with few as (select name from goods limit 1) select * from few", b'[{"name":"apple"}]'),
        ("select low from boxes where id = 1", b'[{"low":2.0}]'),
        ("select word from words where words match 'hello'", b'[{"word":"hello"}]'),
        ("values (1)", b'[{"column1":1}]'),
    ],
)
async def test_whatever_reads_can_be_run(file: Path, sql: str, value: bytes) -> None:
    before = file.read_bytes()
    async with opened("sqlite+aiosqlite:///shop.db", sql) as database:
        assert (await database.load("t0:0")).value == value
    assert file.read_bytes() == before


async def test_a_name_that_was_mistyped_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="unable to open database file"):
        await SqlDatabase.open(f"sqlite+aiosqlite:///{tmp_path}/shpo.db", Query("select 1"))
    await drivers_threads_ended()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["a?b.db", "a#b.db", "a%zz.db", "a b&mode=rwc.db", "x.db?mode=rwc&y="])
async def test_a_files_name_is_no_uri(file: Path, name: str) -> None:
    url = f"sqlite+aiosqlite:///{file.parent}/{name}"
    if "?" in name:  # SQLAlchemy's own beginning of options
        with pytest.raises(UsageError, match="a file without options"):
            await SqlDatabase.open(url, Query("select name from goods"))
        return
    file.rename(file.parent / name)
    async with opened(url, "select count(*) as n from goods") as database:
        assert (await database.load("t0:0")).value == b'[{"n":2}]'
    assert os.listdir(file.parent) == [name]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ":memory:",
        "file:new.db",
        "file:new.db?uri=true&mode=rwc",
        "file:new.db%3Fmode%3Drwc%26x%3D",
        f"{quote('file:new.db?mode=rwc', safe='')}?uri=true",
        "new.db%3Fmode%3Drwc%26x%3D",
        "new.db%00%3Fmode=rwc",
        "new.db?uri=true",
        "new.db?vfs=unix-none",
    ],
)
async def test_no_options_reach_sqlite_and_no_database_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UsageError, DatabaseUnavailable)):
        await SqlDatabase.open(f"sqlite+aiosqlite:///{name}", Query("create table t (a)"))
    await drivers_threads_ended()
    assert os.listdir(tmp_path) == []


@pytest.fixture
def shop(postgres_url: str) -> Iterator[str]:
    """A PostgreSQL with a table, a sequence and what would change them."""
    execute(postgres_url, *POSTGRES_FIXTURE)
    yield postgres_url
    execute(postgres_url, "drop table if exists more", "drop table goods", "drop sequence numbers")
    execute(postgres_url, "drop procedure change", "drop function change_in_function")


def dumped(url: str) -> str:
    """All that the server has, as text."""
    host = url.partition("host=")[2]
    words = [need("pg_dump"), "-h", host, "-U", "music", "postgres"]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return "\n".join(line for line in lines if not line.startswith("\\"))  # a key that is another one every time


@pytest.mark.parametrize("sql", WRITES + POSTGRES_WRITES)
async def test_a_server_is_as_it_was_whatever_the_query_says(shop: str, sql: str) -> None:
    folder = Path(shop.partition("host=")[2])
    before, files = dumped(shop), sorted(os.listdir(folder))
    with pytest.raises(DatabaseUnavailable, match=r"^the database postgresql\S+ refuses: \S") as caught:
        await SqlDatabase.open(shop, Query(sql.format(folder=folder)))
    assert "\n" not in str(caught.value)
    assert dumped(shop) == before
    assert sorted(os.listdir(folder)) == files


async def test_what_the_values_query_sets_does_not_let_the_other_write(shop: str) -> None:
    before = dumped(shop)
    unlock = "select set_config('default_transaction_read_only', 'off', false)"
    with pytest.raises(DatabaseUnavailable, match="read-only transaction"):
        await SqlDatabase.open(
            shop, Query("delete from goods where name <> cast(:key as text) returning name", unlock)
        )
    assert dumped(shop) == before


async def test_a_statement_that_is_no_query_is_told_what_is_one(shop: str) -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r'at or near "copy" \(a query reads: select, values, table, with\)$'
    ):
        await SqlDatabase.open(shop, Query("copy goods to stdout"))


@pytest.mark.parametrize("url", ["mysql+aiomysql://me:zQzQz@host/db", "postgresql+psycopg://me:zQzQz@host/db"])
async def test_a_database_that_cannot_be_held_to_reading_is_refused(url: str) -> None:
    with pytest.raises(
        UsageError, match=r"no way to keep a query from writing at the database \S+: write sqlite"
    ) as caught:
        await SqlDatabase.open(url, Query("select 1"))
    assert "zQzQz" not in str(caught.value)


async def test_an_option_that_the_driver_does_not_know_is_a_usage_error(shop: str) -> None:
    with pytest.raises(UsageError, match="has an option that its driver does not take"):
        await SqlDatabase.open(f"{shop}&nosuch=zQzQz", Query("select 1"))


@pytest.mark.parametrize("name", ["shop.db", "a%zz #1.db"])
async def test_reading_a_file_in_wal_mode_leaves_no_files_beside_it(file: Path, name: str) -> None:
    file = file.rename(file.parent / name)
    with sqlite3.connect(file) as owner:
        owner.execute("pragma journal_mode = wal")
    owner.close()
    before = file.read_bytes()
    async with opened(f"sqlite+aiosqlite:///{file}", "select count(*) as n from goods") as database:
        assert (await database.load("t0:0")).value == b'[{"n":2}]'
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [name]


async def test_a_file_in_wal_mode_that_its_owner_has_open_keeps_its_log(file: Path) -> None:
    owner = sqlite3.connect(file)
    owner.execute("pragma journal_mode = wal")
    owner.execute("select * from goods").fetchall()
    beside = sorted(os.listdir(file.parent))
    async with opened(f"sqlite+aiosqlite:///{file}", "select count(*) as n from goods") as database:
        await database.load("t0:0")
    assert sorted(os.listdir(file.parent)) == beside == ["shop.db", "shop.db-shm", "shop.db-wal"]
    with owner:
        owner.execute("insert into goods values ('plum')")
    assert owner.execute("select count(*) from goods").fetchone() == (3,)
    owner.close()
    assert os.listdir(file.parent) == ["shop.db"]
