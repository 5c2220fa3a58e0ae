"""Servers of the user's own: measured, and left as they were."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from stampede.processes.redis_server import EmbeddedRedis

ONE = ["run", "-n", 1, "-c", 40, "-i", 2, "--db-latency", "200ms", "-s", "two-level"]

SLOW_QUERY = """
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 300000)
    select count(*) as count, :key as key from numbers, (select count(*) from tracks)
"""
"""Some tenths of a second, for the burst must be short beside a load."""

Stampede = Callable[..., Any]
Said = Callable[..., Any]


@pytest.fixture
def guest_house() -> Any:
    """A running Redis that holds somebody's keys; afterwards it holds them and nothing else."""
    server = EmbeddedRedis(None)  # not the tests' common one, whose keys come and go
    try:
        asyncio.run(server.ready())
        with Redis.from_url(server.url) as redis:
            redis.set("marker", "not yours")
            redis.set("stampede:marker", "not yours either")
            before = {key: redis.dump(key) for key in redis.scan_iter()}
            yield server.url
            assert {key: redis.dump(key) for key in redis.scan_iter()} == before
            assert redis.dbsize() == len(before)
            assert redis.pubsub_channels() == []
            assert len(redis.client_list()) == 1
    finally:
        server.stop()


def test_a_redis_of_the_users_own_is_left_as_it_was(
    stampede: Stampede, guest_house: str, tmp_path: Path
) -> None:  # fmt: skip
    ended = stampede(
        *ONE, "-s", "redis-lock", "--redis-pool", 10, "--json", "--requests", "out.jsonl",
        STAMPEDE_REDIS_URL=guest_house,
    )  # fmt: skip
    document = ended.json()
    assert [trial["db_hits"] for trial in document["trials"]] == [1, 1]
    assert f"({guest_house})" in document["environment"]["redis"]
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(records) == 80
    assert {tuple(record)[:5] for record in records} == {("scenario", "strategy", "trial", "instance", "key")}
    assert {record["outcome"] for record in records} == {"ok"}
    assert ended.code == 0


def test_a_redis_of_the_users_own_is_left_as_it_was_after_ctrl_c(start: Stampede, guest_house: str) -> None:
    run = start(*ONE, "-s", "redis-lock", "--redis", guest_house)
    run.await_burst(1, guest_house)
    with Redis.from_url(guest_house) as redis:
        ours = [key for key in redis.scan_iter() if b"marker" not in key]
        assert all(key.startswith(b"stampede:{") for key in ours)
        assert all(redis.ttl(key) >= 0 for key in ours), "would stay for ever if stampede were killed now"
    run.interrupt()
    assert run.ended().code == 130


def test_a_password_is_used_and_never_shown(
    stampede: Stampede, own_redis: Callable[..., Path], password: str, tmp_path: Path
) -> None:
    socket = own_redis("--requirepass", password)
    exports = ["--export", "out.csv", "--export", "out.json", "--requests", "out.jsonl"]
    ended = stampede(*ONE, "--redis", f"unix://:{password}@{socket}", *exports)
    assert (ended.code, ended.err) == (0, "")
    assert password not in ended.out
    for path in tmp_path.iterdir():
        assert password not in path.read_text(), path
    assert json.loads((tmp_path / "out.json").read_text())["environment"]["redis"].endswith(f"(unix://:***@{socket})")


def test_another_server_can_be_embedded(
    stampede: Stampede, request: pytest.FixtureRequest
) -> None:  # fmt: skip
    request.getfixturevalue("redis7")  # skips, or fails, where there is none
    ended = stampede(*ONE, "-s", "redis-lock-notify", "--redis-server", shutil.which("redis-server"), "--json")
    document = ended.json()
    assert document["environment"]["redis"].startswith("Redis ")
    assert [trial["db_hits"] for trial in document["trials"]] == [1, 1]
    assert ended.code == 0


def test_a_database_of_the_users_own_is_queried(stampede: Stampede, tmp_path: Path) -> None:
    file = tmp_path / "music.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("create table tracks (name text)")
    url = f"sqlite+aiosqlite:///{file}"
    ended = stampede(*ONE, "--database", url, "--query", SLOW_QUERY, "--json")
    document = ended.json()
    assert document["environment"]["database"] == url
    (trial,) = document["trials"]
    assert (trial["ok"], trial["errors"], trial["db_hits"]) == (40, 0, 1)
    assert (trial["valid"], trial["reasons"], ended.code) == (True, [], 0)


def test_loads_at_a_database_of_the_users_own_cannot_be_cancelled(stampede: Stampede, tmp_path: Path) -> None:
    (tmp_path / "music.sqlite").touch()
    ended = stampede(
        *ONE, "--database", f"sqlite+aiosqlite:///{tmp_path}/music.sqlite", "--query", "select 1", "--db-cancel"
    )  # fmt: skip
    assert ended.code == 2
    assert "cancelling loads needs the fake-slow database: leave --database or --db-cancel out" in ended.complaint()


def test_a_postgresql_of_the_users_own_sees_the_stampede_and_its_cure(stampede: Stampede, postgres_url: str) -> None:
    query = "select cast(:key as integer) as key, pg_sleep(0.3)::text as slept"
    burst = ("run", "-n", 1, "-c", "40", "-i", "2", "-s", "none", "-s", "single-flight", "-s", "two-level")
    ended = stampede(*burst, "--database", postgres_url, "--query", query, "--json")
    document = ended.json()
    assert document["environment"]["database"] == postgres_url
    assert {trial["strategy"]: trial["db_hits"] for trial in document["trials"]} == {
        "none": 40,
        "single-flight": 2,
        "two-level": 1,
    }
    assert ended.code == 0


def test_keys_of_the_users_own_are_bound_instead_of_the_numbers(stampede: Stampede, postgres_url: str) -> None:
    query = "select 1 / cast(:key as integer) as inverse, pg_sleep(0.3)::text as slept"  # there is none of 0
    words = ("run", "-n", 1, "-c", "40", "-i", "2", "-s", "two-level", "--database", postgres_url, "--query", query)
    refused = stampede(*words)
    assert (refused.code, "division by zero" in refused.complaint()) == (3, True)
    (trial,) = stampede(*words, "--keys-from", "select 5 union all select 7", "--json").json()["trials"]
    assert (trial["ok"], trial["db_hits"], trial["db_peak_in_flight"]) == (40, 1, 1)


@pytest.mark.parametrize(
    ("package", "url", "extra"),
    [
        ("sqlalchemy", "sqlite+aiosqlite:///own.db", "database"),
        ("sqlalchemy", "postgresql+asyncpg://me@127.0.0.1:1/own", "postgres"),
        ("aiosqlite", "sqlite+aiosqlite:///own.db", "database"),
        ("asyncpg", "postgresql+asyncpg://me@127.0.0.1:1/own", "postgres"),
    ],
)
def test_a_database_without_the_extra_is_found_before_the_run(
    said: Said, monkeypatch: pytest.MonkeyPatch, package: str, url: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    ended = said("run", "--database", url, "--query", "select 1")
    assert ended.code == 3
    line = f"the database {url} needs {package}, which is not installed: pip install 'stampede-bench[{extra}]'"
    assert ended.complaint() == f"stampede: {line}"
