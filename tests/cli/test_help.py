"""What `stampede` says about itself."""

from __future__ import annotations

import re
import resource
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
import typer

from stampede.cli.app import app
from stampede.cli.commands import SUMMARIES
from stampede.cli.panels import GROUPS
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
                *("--rate", "--duration", "--keys", "--timeout", "--retries"),
                *("--trials", "--seed", "--redis", "--redis-server", "--redis-pool", "--database", "--query"),
                *("--keys-from", "--export", "--requests", "--plot", "--json", "--quiet"),
            ],
        ),
        (["report"], ["RUN.json", "--requests", "--export", "--plot", "--json"]),
        (["list"], ["stampede list"]),
        (["explain"], ["stampede explain"]),
        (
            ["serve"],
            [
                *("--strategy", "--workers", "--port", "--host", "--ttl", "--redis", "--redis-server"),
                *("--db-latency", "--db-connections", "/tracks", "/health", "/metrics"),
            ],
        ),
        (["calibrate"], ["--theory", "--between-runs", "--runs", "--instances", "--trials", "--export", "--redis"]),
    ],
    ids=["stampede", "run", "report", "list", "explain", "serve", "calibrate"],
)
def test_help_names_every_command_and_option(said: Said, words: list[str], shown: list[str]) -> None:
    ended = said(*words, "--help", COLUMNS="80")
    assert (ended.code, ended.err) == (0, "")
    for word in shown:
        assert word in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("command", SUMMARIES)
def test_a_commands_help_ends_with_examples_that_are_understood(said: Said, command: str) -> None:
    help = said(command, "--help", COLUMNS="80").out
    assert help.partition("\n\n")[2].strip().startswith(SUMMARIES[command])
    examples = [line.split(None, 1)[1] for line in help.splitlines() if line.startswith("    stampede ")]
    assert examples
    for example in examples:
        name, *words = shlex.split(example)
        assert name == command
        known: Any = typer.main.get_command(app)
        known.commands[command].make_context(command, words)


@pytest.mark.parametrize("command", ["run", "compare"])
def test_options_come_in_groups(said: Said, command: str) -> None:
    groups = re.split(r"^(\w[\w ]*):\n", said(command, "--help", COLUMNS="80").out, flags=re.MULTILINE)
    assert groups[1::2] == [*GROUPS, "Options"]
    shown = dict(zip(groups[1::2], groups[2::2], strict=True))
    for group, option in zip(GROUPS, ["--rate", "--db-latency", "--redis", "--export", "--fail-if"], strict=True):
        assert option in shown[group]
    assert re.findall(r"^  (\S+)", shown["Options"].partition("\n\n")[0], re.MULTILINE) == ["-h,"]


def test_help_is_wider_where_there_is_room(said: Said) -> None:
    assert 100 < max(map(len, said("run", "--help", COLUMNS="200").out.splitlines())) <= 120


def test_no_commands_summary_is_cut_at_80_columns(said: Said) -> None:
    summaries = said("--help", COLUMNS="80").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(summaries) == len(SUMMARIES)
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
        "aiohttp",
        "numpy",
        "redis",
        "sqlalchemy",
        "uvloop",
        "msgspec",
        "multiprocessing",
        "plotext",
    }


@pytest.mark.parametrize(
    "modules",
    ["stampede.cli.run, stampede.cli.measuring, stampede.engine.instance_process", "stampede.service.supervisor"],
)
def test_only_a_worker_of_the_service_imports_aiohttp(modules: str) -> None:
    code = f"import {modules}, sys; sys.exit('aiohttp' in sys.modules)"
    subprocess.run([sys.executable, "-P", "-c", code], check=True)


def cpu_seconds(*words: str) -> float:
    """The least that a Python with these arguments took in ten attempts, for others may have slowed it down."""
    taken = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


def test_help_takes_little_more_than_what_it_is_made_with() -> None:
    assert cpu_seconds("-m", "stampede", "--help") <= 1.5 * cpu_seconds("-c", "import typer, rich")


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
