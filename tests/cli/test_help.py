"""What `stampede` says about itself."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

from stampede.cli.app import COMMANDS
from stampede.core import registry
from stampede.scenario import reading

NAMES = {family: registry.names(family) for family in registry.STRATEGY_FAMILIES}
STRATEGIES = sorted(name for names in NAMES.values() for name in names)

Stampede = Callable[..., Any]
Said = Callable[..., Any]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], ["run", "report", "list", "explain", "calibrate", "--version", "stampede run --concurrency 500"]),
        (
            ["run"],
            [
                *(
                    "--strategy",
                    "--concurrency",
                    "--instances",
                    "--db-latency",
                    "--db-connections",
                    "--db-cancel",
                    "--ttl",
                ),
                *("--trials", "--seed", "--redis", "--redis-server", "--redis-pool", "--database", "--query"),
                *("--keys-from", "--export", "--requests", "--plot", "--json", "--quiet"),
            ],
        ),
        (["report"], ["RUN.json", "--requests", "--export", "--plot", "--json"]),
        (["list"], ["stampede list"]),
        (["explain"], ["stampede explain"]),
        (["calibrate"], ["--theory", "--between-runs", "--runs", "--instances", "--trials", "--export", "--redis"]),
    ],
    ids=["stampede", "run", "report", "list", "explain", "calibrate"],
)
def test_help_names_every_command_and_option(said: Said, words: list[str], shown: list[str]) -> None:
    ended = said(*words, "--help", COLUMNS="80")
    assert (ended.code, ended.err) == (0, "")
    for word in shown:
        assert word in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


def test_no_commands_summary_is_cut_at_80_columns(said: Said) -> None:
    summaries = said("--help", COLUMNS="80").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(summaries) == len(COMMANDS)
    assert [line for line in summaries if not line.endswith(".") or line.endswith("...")] == []


def test_the_version_is_the_distributions(stampede: Stampede) -> None:
    ended = stampede("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"stampede {version('stampede-bench')}\n", "")


def test_help_imports_nothing_heavy() -> None:
    imports = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stampede", "--help"], capture_output=True, text=True, check=True
    ).stderr
    imported = set(re.findall(r"\| +(\w+)", imports))
    assert "typer" in imported
    assert not imported & {
        "numpy",
        "redis",
        "aiohttp",
        "sqlalchemy",
        "uvloop",
        "msgspec",
        "multiprocessing",
        "plotext",
    }


def test_list_has_every_strategy_and_scenario(said: Said) -> None:
    ended = said("list", COLUMNS="80")
    assert (ended.code, ended.err) == (0, "")
    listed = {line.split()[0] for line in ended.out.splitlines() if line.startswith("  ")}
    assert listed >= {*STRATEGIES, *reading.shipped()}
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("name", STRATEGIES)
def test_explain_tells_a_strategys_mechanism_and_its_costs(said: Said, name: str) -> None:
    ended = said("explain", name, COLUMNS="80")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{name} (")
    for label in ("mechanism", "loads", "waiting", "staleness", "on failure", "source"):
        assert re.search(rf"^{label} +\S", ended.out, re.MULTILINE), label
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("name", reading.shipped())
def test_explain_tells_what_a_scenario_shows(said: Said, name: str) -> None:
    ended = said("explain", name)
    assert (ended.code, ended.err) == (0, "")
    assert re.match(rf"{re.escape(name)}\n(Shows|The published|The law)", ended.out)
    assert "connections" in ended.out


def test_explain_tells_every_part_of_a_mix(said: Said) -> None:
    ended = said("explain", "two-level(lease=5s)+ttl")
    assert (ended.code, ended.err) == (0, "")
    assert "two-level (coalescing: who may load)" in ended.out
    assert "ttl (freshness: when to reload)" in ended.out
    assert "parameters: two-level(lease=2s)" in ended.out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("two-levl", ["'two-levl'", "did you mean 'two-level'"]),
        ("warm-hit", ["'warm-hit'", "did you mean 'warm-hits'"]),
        ("single-flight+tll", ["'tll'", "did you mean 'ttl'"]),
        ("redis-lock(lese=1s)", ["'lese'", "did you mean 'lease'"]),
        ("mine.toml", ["mine.toml", "No such file"]),
    ],
)
def test_explain_suggests_what_was_meant(said: Said, name: str, words: list[str]) -> None:
    ended = said("explain", name)
    assert ended.code == 2
    for word in words:
        assert word in ended.complaint()
