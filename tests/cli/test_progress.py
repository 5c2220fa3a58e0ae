"""How far a run is, on standard error."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stampede.cli.progress import LiveProgress

ONE = ["run", "-c", 40, "-i", 1, "--db-latency", "60ms"]
Stampede = Callable[..., Any]


def test_without_a_terminal_each_trial_is_a_line_and_standard_output_stays_clean(stampede: Stampede) -> None:
    ended = stampede(*ONE, "-n", 2, "-s", "none", "-s", "two-level", "-e", "-")
    assert (ended.code, ended.err) == (0, "")
    assert len(json.loads(ended.out)["trials"]) == 4
    shown = [line.partition(";")[0].partition(", p99")[0] for line in ended.progress]
    assert shown == [
        "[1/4] trial 1 of 2: none: 40 DB hits",
        "[2/4] trial 1 of 2: two-level: 1 DB hit",
        "[3/4] trial 2 of 2: none: 40 DB hits",
        "[4/4] trial 2 of 2: two-level: 1 DB hit",
    ]
    assert ["left" in line for line in ended.progress] == [True, True, True, False]


def test_quiet_silences_it(stampede: Stampede) -> None:
    ended = stampede(*ONE, "-n", 2, "-s", "two-level", "--quiet")
    assert (ended.code, ended.out, ended.err, ended.progress) == (0, "", "", ())


def test_a_long_run_is_foretold_and_ended_early_keeps_what_is_measured(start: Stampede) -> None:
    run = start(*ONE, "-n", 2000, "-s", "two-level", "--json")
    line = run.process.stderr.readline()
    assert re.fullmatch(r"about \d+ min: 1 strategy × 2,000 trials; Ctrl-C keeps what is measured\n", line)
    assert run.process.stderr.readline().startswith("[1/2000] trial 1 of 2000: two-level: ")
    run.interrupt()
    ended = run.ended()
    assert ended.code == 130
    assert json.loads(ended.out)["trials"]


def test_on_a_terminal_it_moves_inside_a_long_trial_and_leaves_nothing_behind(
    stampede: Stampede, tmp_path: Path
) -> None:
    (tmp_path / "long.toml").write_text(
        "strategies = ['two-level']\ntrials = 1\nfleet.instances = 1\n"
        "workload.arrivals = 'constant(rate=50,duration=4500ms)'\n"
    )
    ended = stampede("run", "long.toml", terminal=True, TERM="xterm-256color", COLUMNS="80")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", ended.out)
    during = re.findall(r"0/1 +(\d+) s +trial 1 of 1: two-level", plain)
    assert len(set(during)) >= 4, "elapsed seconds"
    assert len(during) <= 8, "once a second is enough"
    assert "\x1b[2K" in ended.out, "the line is erased"
    table = plain.rpartition("two-level")[0]
    assert "DB hits" in table


async def test_on_a_narrow_terminal_only_what_is_measured_is_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    with LiveProgress(40) as progress:
        progress.begins("trial 12 of 20: near+refresh-ahead+two-level+fail-safe")
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    line = next(line for line in shown.splitlines() if "trial" in line).strip("\r")
    assert re.fullmatch(r".{16} +0/40  0 s +trial 12 of 20: near\S+… *", line), line


@pytest.mark.parametrize("here", [False, True])
async def test_what_is_measured_in_its_own_process_is_not_disturbed_by_drawing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], here: bool
) -> None:
    """On virtual time."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with LiveProgress(3) as progress:
        progress.begins("something", here)
        await asyncio.sleep(5.5)
        drawn = capsys.readouterr().err.count("something")
        progress.begins("something else")
        await asyncio.sleep(1.5)
        later = capsys.readouterr().err.count("something else")
    assert (drawn, later) == (1 if here else 6, 2)
