"""Nothing secret in what is printed or written, in command lines, or in the environment of those that need it not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stampede.cli.options import Servers
from stampede.core.errors import UsageError
from tests.origins.test_sql import execute

RUN = ["run", "-c", 20, "-i", 2, "--trials", 1, "-s", "two-level"]
QUERY = ["--query", "select 1 as one, pg_sleep(0.3)::text as slept"]

Stampede = Callable[..., Any]
Said = Callable[..., Any]


@pytest.fixture
def locked(postgres_url: str, password: str) -> Iterator[str]:
    """The URL, without its password, of a PostgreSQL user who has to give one."""
    rules = Path(postgres_url.partition("host=")[2]) / "data" / "pg_hba.conf"
    before = rules.read_text()
    execute(postgres_url, f"create role visitor login password '{password}'")
    rules.write_text("local all visitor scram-sha-256\n" + before)
    execute(postgres_url, "select pg_reload_conf()")
    yield postgres_url.replace("music@", "visitor@")
    rules.write_text(before)
    execute(postgres_url, "select pg_reload_conf()", "drop role visitor")


def test_a_databases_password_comes_from_the_environment_and_is_nowhere_to_be_seen(
    start: Stampede, locked: str, password: str, tmp_path: Path
) -> None:
    exports = [word for ending in ("csv", "json", "md", "html") for word in ("-e", f"out.{ending}")]
    environment = {"STAMPEDE_DATABASE_URL": locked, "STAMPEDE_DATABASE_PASSWORD": password}
    ended = start(*RUN, *QUERY, *exports, "--requests", "all.jsonl", **environment).ended()
    assert (ended.code, ended.err) == (0, "")
    assert password not in ended.out
    assert len(list(tmp_path.iterdir())) == 5
    for path in tmp_path.iterdir():
        assert password not in path.read_text(), path
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["environment"]["database"] == locked.replace("visitor@", "visitor:***@")


def test_a_wrong_password_is_refused_without_being_shown(stampede: Stampede, locked: str) -> None:
    ended = stampede(*RUN, *QUERY, "--database", locked, STAMPEDE_DATABASE_PASSWORD="wrong4711")
    assert ended.code == 3
    assert 'password authentication failed for user "visitor"' in ended.complaint()
    assert "wrong4711" not in ended.err


@pytest.mark.parametrize("database", [[], ["--database", "sqlite+aiosqlite:///a.db", "--query", "select 1 as one"]])
def test_children_inherit_no_secret_and_are_told_none_in_a_command_line(
    start: Stampede, own_redis: Callable[..., Path], password: str, tmp_path: Path, database: list[str]
) -> None:
    (tmp_path / "a.db").touch()
    socket = own_redis("--requirepass", password)
    secrets = dict.fromkeys(("AWS_SECRET_ACCESS_KEY", "STAMPEDE_DATABASE_PASSWORD", "PGPASSWORD", "ANY"), password)
    run = start(*RUN, "--trials", 50, *database, STAMPEDE_REDIS_URL=f"unix://:{password}@{socket}", **secrets)
    run.wait_until(lambda: run.process.poll() is not None or len(run.instances()) == 2, "two instances")
    others = set(run.processes()) - {run.process.pid}
    assert len(others) >= 4
    for pid in others:
        with contextlib.suppress(OSError):
            assert password.encode() not in Path(f"/proc/{pid}/environ").read_bytes(), run.processes()[pid]
            assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    run.interrupt()
    run.ended()


@pytest.mark.parametrize(
    "words",
    [
        ["run", "redis://me:{}@host/0"],
        ["run", "cold-burst", "redis://me:{}@host/0"],
        ["run", "-s", "redis://me:{}@host/0"],
        ["run", "--redis", "redis://me:{}@host:port/0"],
        ["run", "--redis", "redis://me:{}/@host/0"],
        ["run", "--redis", "redis://127.0.0.1:1/0?passwd={}"],
        ["run", "--redis", "rediss://127.0.0.1:1/0?ssl_keyfile_password={}"],
        ["run", "--database", "postgresql+asyncpg://me:{}@127.0.0.1:1/x?sslpassword={}", "--query", "select 1"],
        ["run", "--database", "postgresql+asyncpg://me:{}:1/x", "--query", "select 1"],
    ],
)
def test_no_complaint_shows_a_password(stampede: Stampede, password: str, words: list[str]) -> None:
    ended = stampede(*(word.format(password, password) for word in words))
    assert ended.code in (2, 3)
    assert password not in ended.complaint()
    assert "sqlalche.me" not in ended.err


def chosen(**options: Any) -> str | None:
    return Servers(**options).chosen().database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("ge/he@im\n")
    return file


def test_a_databases_password_comes_from_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAMPEDE_DATABASE_PASSWORD", "another")
    url = chosen(database="postgresql+asyncpg://me@host/x", query="select 1", database_password_file=file)
    assert url == "postgresql+asyncpg://me:ge%2Fhe%40im@host/x"


def test_the_url_comes_from_the_environment_for_a_query_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAMPEDE_DATABASE_URL", "postgresql+asyncpg://me:its-own@host/x")
    monkeypatch.setenv("STAMPEDE_DATABASE_PASSWORD", "another")
    assert chosen() is None
    assert chosen(query="select 1") == "postgresql+asyncpg://me:its-own@host/x"
    assert chosen(query="select 1", database="sqlite+aiosqlite:///a.db") == "sqlite+aiosqlite:///a.db"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"database_password_file": "nowhere"}, "needs --database and --query"),
        (
            {"database": "postgresql+asyncpg://me@h/x", "database_password_file": "nowhere"},
            "cannot read the password in",
        ),
        (
            {"database": "postgresql+asyncpg://me@h/x", "database_password_file": "/dev/null"},
            "there is no password in",
        ),
        ({"database": "postgresql+asyncpg://me:x@h/x", "database_password_file": None}, "no place for a password"),
        ({"database": "postgresql+asyncpg://h/x", "database_password_file": None}, "no place for a password in"),
    ],
)
def test_a_password_that_cannot_be_used_is_a_usage_error(file: Path, options: dict[str, Any], problem: str) -> None:
    query = None if "database" not in options else "select 1"
    with pytest.raises(UsageError, match=problem):
        chosen(query=query, **(options | {"database_password_file": Path(options["database_password_file"] or file)}))
