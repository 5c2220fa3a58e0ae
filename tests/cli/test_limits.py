"""What no machine, no file and no reader can take: one line each, before anything is started."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Stampede = Callable[..., Any]

HUGE = "9" * 5000
DEEP = "redis-lock(poll=" + "a(b=" * 3000 + "1" + ")" * 3000 + ")"
NOWHERE = ["--redis", "redis://127.0.0.1:1"]
"""Where nothing is: a run that got so far would say so."""


@pytest.mark.parametrize(
    "words",
    [
        ["run", "-s", DEEP],
        ["explain", DEEP],
        ["run", "-c", HUGE],
        ["run", "-n", HUGE],
        ["run", "--seed", HUGE],
        ["run", "--redis-pool", HUGE],
        ["run", "--ttl", f"{HUGE}s"],
        ["run", "--db-latency", f"{HUGE}ms"],
        ["run", "-s", f"none+bulkhead(limit={HUGE})"],
        ["run", "--sweep", f"concurrency={HUGE}"],
        ["run", "--sweep", f"redis-pool={HUGE}"],
        ["run", "--fail-if", f"db_hits > {HUGE}"],
        ["compare", "none", DEEP],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_an_option_that_nobody_can_mean_is_a_usage_error(said: Stampede, words: list[str]) -> None:
    ended = said(*words, *(NOWHERE if words[0] != "explain" else ()))
    assert ended.code == 2
    assert len(line := ended.complaint()) < 9000
    assert not [word for word in ("sys.", "set_int_max", "Error", "recursion", "unexpected") if word in line]


@pytest.mark.parametrize(
    "text",
    [
        f'strategies = ["none"]\ntrials = {HUGE}\n',
        f'strategies = ["none"]\nworkload = {{ concurrency = {HUGE} }}\n',
        f'strategies = ["none"]\ncache = {{ ttl = "{HUGE}s" }}\n',
        f'strategies = ["{DEEP}"]\n',
        f"strategies = {'[' * 5000}{']' * 5000}\n",
        f"{'[a.' * 1}{'b.' * 5000}c]\nx = 1\n",
    ],
    ids=["trials", "concurrency", "ttl", "spec", "brackets", "tables"],
)
def test_so_is_a_scenario(said: Stampede, tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    ended = said("run", "mine.toml", *NOWHERE)
    assert ended.code == 2
    assert not [word for word in ("sys.", "set_int_max", "recursion", "unexpected") if word in ended.complaint()]


@pytest.mark.parametrize(
    "text",
    [f'{{"schema": {HUGE}, "stampede": "1"}}', f"{'[' * 5000}{']' * 5000}", f'{{"schema": 2, "stampede": {HUGE}}}'],
    ids=["schema", "brackets", "version"],
)
def test_so_is_a_saved_run(said: Stampede, tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    ended = said("report", "run.json")
    assert ended.code == 2
    assert not [word for word in ("sys.", "set_int_max", "recursion", "unexpected") if word in ended.complaint()]


def test_requests_that_cannot_be_recorded_are_refused_with_their_retries(said: Stampede, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'strategies = ["none"]\nworkload = { arrivals = "poisson(rate=100000,duration=100s)" }\n'
        'client = { timeout = "1s", retries = 5 }\n'
    )
    ended = said("run", "mine.toml", *NOWHERE)
    assert ended.code == 2
    assert "1e+07 requests with 5 retries each, more than the 20,000,000 that can be recorded" in ended.complaint()


@pytest.mark.parametrize(
    ("limit", "words", "why"),
    [
        ("", ["-i", 1_000_000, "-c", 1_000_000], "a run with 1,000,000 instances needs about 9,7"),
        ("ulimit -n 10", ["-c", 10], "no more files can be opened: raise the limit with 'ulimit -n'"),
        ("ulimit -n 20", ["-c", 10], "a run with 4 instances needs 76 open files a process, the limit is 20"),
        ("ulimit -n 200", ["-i", 100, "-c", 100], "a run with 100 instances needs 364 open files"),
        ("ulimit -n 300", ["-i", 30, "-c", 100], "the Redis of 30 instances needs 364 open files"),
    ],
    ids=["memory", "nearly no files", "files", "files of many instances", "files of Redis"],
)
def test_a_fleet_that_does_not_fit_is_refused(stampede: Stampede, limit: str, words: list[object], why: str) -> None:
    ended = stampede("run", "-n", 1, "-s", "none", *words, limit=limit)
    assert ended.code == 3
    assert why in ended.complaint()


@pytest.mark.parametrize("words", [["list"], ["--help"], ["--version"], ["explain", "none"]], ids=" ".join)
def test_a_full_disk_is_said_and_no_surprise(start: Stampede, words: list[str]) -> None:
    ended = start(*words, limit="exec > /dev/full").ended()
    assert ended.code == 3
    assert "cannot write the output: No space left on device" in ended.complaint()


def test_where_not_even_that_can_be_said_the_exit_code_tells(start: Stampede) -> None:
    assert start("run", "-s", "nope", limit="exec 2> /dev/full").ended().code == 2


def test_a_working_directory_that_is_gone_is_said(start: Stampede) -> None:
    run = start("run", "-n", 1, "-s", "none", "-e", "out.json", limit="mkdir gone && cd gone && rmdir ../gone")
    ended = run.ended()
    assert ended.code == 3
    assert "the working directory is gone" in ended.complaint()


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """A folder with a distribution whose plug-ins cannot be loaded."""
    info = tmp_path / "site" / "theirs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[stampede.coalescing]\nmissing = nowhere:X\n[stampede.resilience]\nleaves = theirs:X\n"
        "[stampede.workload.keys]\nfunction = json:loads\n"
    )
    (tmp_path / "site" / "theirs.py").write_text("raise SystemExit('bye')")
    return str(tmp_path / "site")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["run", "-s", "missing"], "'missing' of the package theirs cannot be loaded (ModuleNotFoundError: "),
        (["run", "-s", "none+leaves"], "'leaves' of the package theirs cannot be loaded (SystemExit: bye)"),
        (["explain", "function"], "'function' of the package theirs cannot be loaded (TypeError: "),
    ],
    ids=["not there", "leaves", "no class"],
)
def test_a_broken_plug_in_of_somebody_elses_is_named(
    stampede: Stampede, broken: str, words: list[str], why: str
) -> None:
    ended = stampede(*words, PYTHONPATH=broken)
    assert ended.code == 3
    assert why in ended.complaint()


def test_it_keeps_nothing_else_from_being_listed_or_measured(stampede: Stampede, broken: str, tmp_path: Path) -> None:
    ended = stampede("list", PYTHONPATH=broken)
    assert (ended.code, ended.err) == (0, "")
    shown = " ".join(ended.out.split())
    assert "the plug-in 'missing' of the package theirs cannot be loaded" in shown
    assert "two-level" in shown
    shutil.rmtree(tmp_path / "site" / "__pycache__", ignore_errors=True)
    assert stampede("explain", "two-level", PYTHONPATH=broken).code == 0
