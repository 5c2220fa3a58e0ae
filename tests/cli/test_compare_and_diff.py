"""Comparisons, gates, diffs and sweeps as their users see them, over real servers."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Stampede = Callable[..., Any]
SMALL = ["-c", 40, "-i", 2, "--seed", 4711]
RUN = ["run", "-n", 1, *SMALL, "-s", "two-level", "-s", "single-flight", "--db-latency", "60ms"]


def test_a_comparison_tells_the_strategies_apart_and_keeps_its_trials(stampede: Stampede, tmp_path: Path) -> None:
    ended = stampede(
        "compare", "none", "two-level", *SMALL, "-n", 9, "-e", "out.json", "-e", "out.csv", COLUMNS="200"
    )
    assert (ended.code, ended.err) == (0, "")
    assert "two-level: 40× fewer DB hits, p99 " in ended.out
    assert "against none: 9 pairs of trials in random order (seed 4711), as many as were asked for" in ended.out
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["verdicts"][0].startswith("two-level: 40× fewer DB hits")
    (two_level,) = document["comparison"]["strategies"]
    assert (document["comparison"]["reference"], two_level["strategy"], two_level["pairs"]) == (
        "none",
        "two-level",
        9,
    )
    hits = two_level["ratios"][0]
    assert (hits["metric"], hits["ratio"], hits["verdict"]) == ("db_hits", 0.025, "lower")
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert [(row["strategy"], row["trial"]) for row in rows[:3]] == [("none", "1"), ("two-level", "1"), ("none", "2")]


def test_two_copies_of_a_strategy_are_compared_until_it_is_precise_or_the_budget_is_spent(stampede: Stampede) -> None:
    words = ["compare", "single-flight", "single-flight", "--json", "--db-latency", "20ms"]
    document = stampede(*words, *SMALL, "--budget", "3s").json()
    assert [row["strategy"] for row in document["summary"]] == ["single-flight", "single-flight #2"]
    hits = document["comparison"]["strategies"][0]["ratios"][0]
    assert (hits["metric"], hits["ratio"], hits["verdict"]) == ("db_hits", 1.0, "equal")
    assert document["comparison"]["ended_by"] in ("precision", "budget")
    assert document["comparison"]["precision"] == 0.05


def test_a_gate_that_holds_fails_the_run_and_is_in_the_report(stampede: Stampede, tmp_path: Path) -> None:
    gates = ["--fail-if", "db_hits > 1", "--fail-if", "two-level.latency_p99_ms > 60s", "--fail-if", "errors"]
    ended = stampede(*RUN, *gates, "--quiet", "-e", "out.json")
    assert (ended.code, ended.out) == (1, "")
    assert ended.line() == "stampede: --fail-if 'db_hits > 1': single-flight: db_hits is 2"
    verdicts = json.loads((tmp_path / "out.json").read_text())["verdicts"]
    assert verdicts == ["--fail-if 'db_hits > 1': single-flight: db_hits is 2"]


def test_a_gate_that_does_not_hold_fails_nothing(stampede: Stampede) -> None:
    ended = stampede(*RUN, "--fail-if", "two-level.db_hits > 1 or errors + timeouts > 0", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_an_invalid_measurement_is_no_failed_gate(stampede: Stampede) -> None:
    # No burst is within half of a tenth of a millisecond.
    ended = stampede(
        "run", "-n", 1, *SMALL, "-s", "none", "--db-latency", "100us", "--fail-if", "db_hits >= 0", "--quiet"
    )
    assert (ended.code, ended.out, ended.err) == (4, "", "")


def test_a_slower_database_is_worse_and_the_same_one_cannot_be_told(stampede: Stampede, said: Stampede) -> None:
    for name, latency in (("one", "60ms"), ("two", "60ms"), ("slow", "120ms")):
        words = ["--db-latency", latency, "-n", 6, "--quiet", "-e", f"{name}.json"]
        ended = stampede("run", "-n", 1, *SMALL, "-s", "two-level", *words)
        assert (ended.code, ended.err) == (0, "")

    # Twice the run's own noise would be a property of the machine; the counts are the same on any.
    same = stampede("diff", "one.json", "two.json", "--threshold", "60%")
    assert (same.code, same.err) == (0, "")
    assert re.search("^two-level: (DB hits,? .*)?same within 60%", same.out, re.MULTILINE)

    slow = said("diff", "one.json", "slow.json", COLUMNS="200")
    assert slow.code == 1
    assert slow.err == "stampede: worse than one.json\n"
    assert "two-level: worse: p99 " in slow.out
    assert "note: setting database.latency differs: 60ms in the old run, 120ms in the new one" in slow.out

    several = said("diff", "one.json", "slow.json", "--old", "two.json", COLUMNS="200")
    assert "note: the spread between runs is measured: 2 old, 1 new" in several.out
    twice = said("diff", "one.json", "slow.json", "--old", "one.json")
    assert (twice.code, twice.line()) == (2, "stampede: 'one.json' is named twice on one side: name each run once")

    gated = said("diff", "slow.json", "one.json", "--json", "--fail-if", "two-level.db_hits < 2")
    assert gated.code == 1
    assert gated.line() == "stampede: --fail-if 'two-level.db_hits < 2': two-level.db_hits is 1"
    changes = json.loads(gated.out)["strategies"][0]["changes"]
    assert {change["metric"]: change["verdict"] for change in changes}["latency_p99_ms"] == "better"


def test_a_sweep_measures_all_combinations_and_writes_them_tidily(stampede: Stampede, tmp_path: Path) -> None:
    sweeps = ["--sweep", "instances=1,2", "--sweep", "db-latency=200ms,400ms"]
    ended = stampede(
        "run", *SMALL, "-s", "single-flight", *sweeps, "-n", 2, "-e", "out.csv", "--fail-if", "db_hits > 1"
    )
    assert ended.code == 1
    for latency in ("200ms", "400ms"):
        where = f"at instances=2, db-latency={latency}: single-flight: db_hits is 2"
        assert f"--fail-if 'db_hits > 1' {where}" in ended.line()
    assert "instances=1" not in ended.line()
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    measured = [(row["trial"], row["instances"], row["db_latency_ms"], row["db_hits"]) for row in rows]
    once = [("1", "200", "1"), ("1", "400", "1"), ("2", "200", "2"), ("2", "400", "2")]
    assert measured == [(trial, *rest) for trial in "12" for rest in once]
    for title in ("DB hits, by instances", "p99 in ms, by instances", "a single-flight db-latency=200ms"):
        assert title in ended.out


def test_both_ways_of_redis_commands_stand_in_one_table(stampede: Stampede, said: Stampede, tmp_path: Path) -> None:
    ended = stampede(
        "run", "-n", 1, *SMALL, "-s", "redis-lock", "--sweep", "redis-pool=0,30", "-e", "out.json", COLUMNS="200"
    )
    assert ended.code == 0
    assert "in one pipeline per event-loop tick or a pool of 30 connections, one per command;" in ended.out
    trials = json.loads((tmp_path / "out.json").read_text())["trials"]
    assert [(trial["swept"], trial["db_hits"]) for trial in trials] == [({"redis-pool": n}, 1) for n in ("0", "30")]
    assert [trial["point"] for trial in trials] == [{"redis_pool": 0}, {"redis_pool": 30}]
    again = said("diff", "out.json", "out.json", "--json", COLUMNS="200").json()
    assert [each["strategy"] for each in again["strategies"]] == [
        "redis-lock redis-pool=0",
        "redis-lock redis-pool=30",
    ]


@pytest.mark.parametrize("content", ['{"schema": 1', "[]", '{"trials": 3}', "\x00"])
def test_a_file_that_is_no_run_cannot_be_compared(said: Stampede, tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.json").write_text(content)
    ended = said("diff", "bad.json", "bad.json")
    assert ended.code == 2
    assert "'bad.json' is no run" in ended.complaint()
