"""Where the results go: the terminal, pipes and files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TWO = ["run", "-n", 1, "-c", 40, "-i", 2, "--db-latency", "200ms", "-s", "single-flight", "-s", "two-level"]
ONE = ["run", "-n", 1, "-c", 40, "-i", 2, "--db-latency", "100ms", "-s", "two-level"]

TRIAL_COLUMNS = (
    "scenario,strategy,trial,instances,concurrency,requests,ok,errors,timeouts,db_hits,db_hits_ideal,amplification,"
    "db_peak_in_flight,latency_p50_ms,latency_p90_ms,latency_p99_ms,latency_max_ms,stale,staleness_max_ms,"
    "redis_commands,arrival_spread_ms,duration_s,valid"
)
REQUEST_COLUMNS = "scenario,strategy,trial,instance,key,intended_s,started_s,ended_s,outcome,role,version"
DOCUMENT_KEYS = ["schema", "stampede", "created", "environment", "scenario", "seed", "trials", "summary"]

ESCAPE = "\x1b"
COLOUR = re.compile(ESCAPE + r"\[(?:[\d;]*;)?(?:3[0-7]|38|4[0-7]|48|9[0-7]|10[0-7])[;m]")

Stampede = Callable[..., Any]


def test_the_table_through_a_pipe_is_plain_and_fits_80_columns(stampede: Stampede) -> None:
    ended = stampede(
        "run", "-c", 40, "-i", 2, "--db-latency", "100ms", "--seed", 4711, COLUMNS="80"
    )  # all strategies of the default scenario  # fmt: skip
    assert ended.err == ""
    assert ESCAPE not in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    rows = [line.split()[0] for line in ended.out.splitlines() if re.search(r" (yes|NO|\d/\d)$", line)]
    assert rows == ["none", "promise-lock", "single-flight", "redis-lock", "redis-lock-notify", "two-level"]
    text = " ".join(ended.out.split())
    assert "cold-burst: 40 callers" in text
    assert "seed 4711" in text
    assert re.search(r"With none 40 requests became \d+ DB hits where 1 would do", text)


def test_exports_have_the_promised_columns_and_agree(stampede: Stampede, tmp_path: Path) -> None:
    for folder in ("one", "two", "three"):
        (tmp_path / "new" / folder).mkdir(parents=True)
    exports = ["--export", "new/one/out.csv", "--export", "new/two/out.json", "--requests", "new/three/out.csv"]
    ended = stampede(*TWO, "--seed", 4711, "--quiet", *exports)
    assert (ended.code, ended.out, ended.err) == (0, "", "")

    document = json.loads((tmp_path / "new/two/out.json").read_text())
    assert [key for key in document if key in DOCUMENT_KEYS] == DOCUMENT_KEYS
    assert (document["schema"], document["seed"], document["interrupted"]) == (2, 4711, False)
    trials = document["trials"]
    assert [",".join(trial).startswith(TRIAL_COLUMNS) for trial in trials] == [True, True]

    header, *rows = (tmp_path / "new/one/out.csv").read_text().splitlines()
    assert header.startswith(TRIAL_COLUMNS + ",")
    assert rows == [",".join(_cell(trial[name]) for name in header.split(",")[:-1]) + "," for trial in trials]

    lines = (tmp_path / "new/three/out.csv").read_text().splitlines()
    assert lines[0] == REQUEST_COLUMNS
    records = list(csv.DictReader(lines))
    assert len(records) == 80
    for record in records:
        assert float(record["intended_s"]) == 0 <= float(record["started_s"]) < float(record["ended_s"])
    assert {record["role"] for record in records} == {"leader", "waiter"}
    assert [p.name for p in sorted(tmp_path.rglob("*.*"))] == ["out.csv", "out.csv", "out.json"]


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["colours", "NO_COLOR"])
def test_a_terminal_shows_progress_and_honours_no_color(stampede: Stampede, environment: dict[str, str]) -> None:
    ended = stampede(*ONE, terminal=True, TERM="xterm-256color", COLUMNS="80", **environment)
    assert ended.code == 0
    assert "trial 1 of 1: two-level" in ended.out
    assert bool(COLOUR.search(ended.out)) is not bool(environment)


def test_a_reader_that_leaves_costs_neither_a_traceback_nor_the_export(start: Stampede, tmp_path: Path) -> None:
    run = start(*ONE, "--export", "out.csv")
    run.process.stdout.close()
    run.process.stdout = None
    ended = run.ended()
    assert (ended.code, ended.err) == (0, "")
    assert (tmp_path / "out.csv").exists()


def test_a_full_disk_costs_the_file_and_not_the_table(stampede: Stampede, tmp_path: Path) -> None:
    # A limit on the size of files is what a full disk is to a program: the write fails midway.
    (tmp_path / "out.json").write_text("the old file")
    ended = stampede(
        *TWO, "--export", "out.json", "--export", "out.csv", limit="ulimit -f 3", PYTHONDONTWRITEBYTECODE="1"
    )  # fmt: skip
    assert ended.code == 3
    assert "out.json" in ended.line()
    assert "free some space" in ended.line()
    assert "two-level" in ended.out
    assert (tmp_path / "out.json").read_text() == "the old file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.json"]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def test_closed_standard_streams_cost_the_table_and_not_the_export(stampede: Stampede, tmp_path: Path) -> None:
    ended = stampede(*ONE, "--export", "out.csv", limit="exec <&- >&- 2>&-")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"}],
    ids=["stream", "locale"],
)
def test_a_terminal_that_knows_only_ascii_still_shows_the_table(
    stampede: Stampede, environment: dict[str, str]
) -> None:
    ended = stampede(*ONE, **environment)
    assert (ended.code, ended.err) == (0, "")
    assert "100ms ? 20 connections" in " ".join(ended.out.split())


def test_the_same_strategy_twice_is_measured_once(stampede: Stampede) -> None:
    assert len(stampede(*ONE, "-s", "two-level", "--json").json()["trials"]) == 1


def test_a_temporary_folder_too_long_for_a_socket_is_named(stampede: Stampede, tmp_path: Path) -> None:
    (tmp_path / ("x" * 100)).mkdir()
    ended = stampede(*ONE, TMPDIR=str(tmp_path / ("x" * 100)))
    assert ended.code == 3
    assert "set TMPDIR to a shorter one" in ended.complaint()
