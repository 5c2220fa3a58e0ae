"""What a command exports is read by `report` and `diff`, whatever its options were."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from stampede.cli.app import app
from stampede.processes.redis_server import EmbeddedRedis

Stampede = Callable[..., Any]

SMALL = ["--concurrency", 20, "--instances", 1, "--seed", 4711]
MODEL = ["--db-latency", "lognormal(median=20ms,sigma=0.2)", "--db-connections", 7, "--db-cancel", "--ttl", "5s"]
OPEN = [
    *("--instances", 1, "--seed", 4711, "--rate", 150, "--duration", "500ms", "--keys", "uniform(n=5000)"),
    *("--timeout", "2s", "--retries", 1, "--db-latency", "100ms"),
    *("--db-connections", 75),
]
PAIR = ["none", "two-level"]
OWN = [
    *("--redis", "{redis}", "--database", "sqlite+aiosqlite:///{own}", "--query", "select x from t where x = :key"),
    *("--keys-from", "select x from t", "--may-evict"),
]
COMMANDS: dict[str, list[object]] = {
    "a sweep with gates": [
        *("run", *SMALL, *MODEL, "--strategy", "two-level", "--trials", 2, "--sweep", "redis-pool=0,3"),
        *("--fail-if", "db_hits > 99", "--requests", "r.csv", "--redis-server", "{binary}"),
    ],
    "a run over servers of one's own": [
        *("run", *SMALL, *OWN, "--strategy", "single-flight", "--redis-pool", 2, "--trials", 1),
    ],
    "an open loop of impatient callers": ["run", *OPEN, "--strategy", "none", "--trials", 1],
    "a comparison in an open loop": ["compare", *PAIR, *OPEN, "--trials", 3],
    "a comparison that is precise, or spends its budget": [
        *("compare", *PAIR, *SMALL, *MODEL, "--budget", "1500ms", "--precision", "50%", "--fail-if", "db_hits > 99"),
        *("--redis-pool", 2, "--scenario", "cold-burst", "--redis-server", "{binary}", "--requests", "r.jsonl"),
    ],
    "a comparison of so many trials": ["compare", *PAIR, *SMALL, *OWN, "--trials", 3],
}
ON_THE_SCREEN = {"--details", "--json", "--quiet", "--plot", "--help", "--export", "--database-password-file"}
"""What these say reaches no file, or is the file."""


def options(command: str) -> set[str]:
    """The long names of a command's options."""
    group: Any = typer.main.get_command(app)
    names = {name for parameter in group.commands[command].params for name in parameter.opts}
    return {name for name in names if name.startswith("--")} - ON_THE_SCREEN


@pytest.mark.parametrize("command", ["run", "compare"])
def test_no_option_is_forgotten_here(command: str) -> None:
    used = {word for words in COMMANDS.values() if words[0] == command for word in words}
    assert options(command) <= used


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_an_export_is_read_again_and_written_as_it_was(
    stampede: Stampede, said: Stampede, tmp_path: Path, redis7: EmbeddedRedis, words: list[object]
) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "own.db")) as database:
        database.executescript("create table t (x int); insert into t values (1); insert into t values (2)")
    places = {"redis": redis7.url, "own": tmp_path / "own.db", "binary": shutil.which("redis-server")}
    filled = [word.format(**places) if isinstance(word, str) else word for word in words]
    ran = stampede(*filled, "-e", "a.json", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    reported = said("report", "a.json", "-e", "b.json", "-e", "b.md")
    assert (reported.code, reported.err) == (0, "")
    assert (tmp_path / "b.json").read_bytes() == (tmp_path / "a.json").read_bytes()
    assert said("diff", "a.json", "a.json").code == 0
