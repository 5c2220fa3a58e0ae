"""The promises of `diff`, on synthetic runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stampede.measure.change import Change
from stampede.measure.diff import Diff

sys.path.append(str(Path(__file__).parents[1]))  # what makes the results is no part of what is installed

from results.honesty_diff import CASES, compared


def p99(result: Diff) -> Change:
    (change,) = (c for c in result.strategies[0].changes if c.metric == "latency_p99_ms")
    return change


def test_runs_that_are_off_by_more_than_is_assumed_are_not_told_apart_once_that_is_measured() -> None:
    results = compared(CASES["runs off by 5 %, calibrated"], 0, 0.05)
    assert not any(each.worse for each in results)


@pytest.mark.parametrize(
    "name", ["independent trials", "runs off by 2 %", "trials alike (r 0.6)", "runs off by 2 %, calibrated"]
)
def test_six_identical_runs_are_not_told_apart(name: str) -> None:
    results = compared(CASES[name], 0, 0.0)
    held = [c.low <= 1 <= c.high for c in map(p99, results) if c.low is not None and c.high is not None]
    assert sum(held) >= 27
    assert not any(c.verdict in ("better", "worse") for d in results for s in d.strategies for c in s.changes)


@pytest.mark.parametrize("name", ["independent trials", "independent trials, calibrated"])
def test_a_true_fifth_is_found(name: str) -> None:
    results = compared(CASES[name], 0, 0.05, 1.2)
    assert sum(p99(each).verdict == "worse" for each in results) >= 0.75 * len(results)
