"""`stampede calibrate --between-runs`, and what `diff` makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Stampede = Callable[..., Any]
Start = Callable[..., Any]


def test_identical_runs_are_repeated_and_diff_widens_by_what_they_show(
    stampede: Stampede, said: Stampede, tmp_path: Path
) -> None:
    # Of four trials one may be INVALID, on a busy machine: three make a run count.
    words = ["--between-runs", "--runs", 3, "--trials", 4, "--instances", 2, "--seed", 5]
    ended = stampede("calibrate", *words, "--export", "calibration.json", COLUMNS="200")
    assert (ended.code, ended.err) == (0, "")
    assert "p99 of 3 identical runs differs by " in ended.out
    saved = json.loads((tmp_path / "calibration.json").read_text())
    assert [each["metric"] for each in saved["between"]] == ["latency_p99_ms", "latency_p50_ms"]
    assert all(each["low"] <= each["spread"] <= each["high"] for each in saved["between"])
    trials = saved["run"]["trials"]
    assert sorted(each["trial"] for each in trials if each["strategy"] == "two-level") == list(range(1, 13))
    assert not {"none"} & {each["strategy"] for each in trials}

    for name in ("one", "two"):
        stampede("run", "-c", 40, "-i", 2, "-s", "two-level", "-n", 3, "--quiet", "-e", f"{name}.json")
    stated = said("diff", "one.json", "two.json", "--threshold", "60%", COLUMNS="200")
    assert "differ by 2%, which is stated, not measured (--between-runs)" in " ".join(stated.out.split())
    words = ["--threshold", "60%", "--calibration", "calibration.json"]
    measured = said("diff", "one.json", "two.json", *words, COLUMNS="200")
    assert (measured.code, measured.err) == (0, "")
    assert "as a calibration of 3 runs measured" in " ".join(measured.out.split())


def test_a_repeated_run_that_cannot_be_had_says_why(said: Stampede) -> None:
    ended = said("calibrate", "--between-runs", "--redis-server", "/nowhere/redis")
    assert ended.code == 3
    assert "/nowhere/redis" in ended.complaint()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["calibrate", "--runs", 4], "--runs says how many runs --between-runs repeats: give --between-runs, too"),
        (["calibrate", "--between-runs", "--trials", 2], "--between-runs needs --trials 3 at least"),
        (["calibrate", "--theory", "--between-runs"], "--theory and --between-runs measure different things"),
        (["diff", "a.json", "b.json", "--calibration", "c.json", "--between-runs", "2%"], "give one of them"),
        (["diff", "a.json", "b.json", "--calibration", "none.json"], "cannot read 'none.json'"),
        (["diff", "a.json", "b.json", "--calibration", "empty.json"], "says nothing of the spread between runs"),
        (["diff", "a.json", "b.json", "--calibration", "foreign.json"], "'foreign.json' is no calibration"),
    ],
)
def test_what_cannot_be_meant_is_refused(said: Stampede, tmp_path: Path, words: list[str], complaint: str) -> None:
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "foreign.json").write_text("[]")
    ended = said(*words)
    assert ended.code == 2
    assert complaint in ended.complaint()
