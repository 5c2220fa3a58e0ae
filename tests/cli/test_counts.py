"""What the database saw: the figures that the whole tool is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

REQUESTS = 80


@pytest.mark.parametrize("instances", [4, 1])
def test_every_strategy_loads_as_often_as_it_promises(stampede: Callable[..., Any], instances: int) -> None:
    ended = stampede(
        "run", "-n", 1, "-c", REQUESTS, "-i", instances, "--db-latency", "200ms", "--db-connections", 40, "--json"
    )  # fmt: skip
    trials = {trial["strategy"]: trial for trial in ended.json()["trials"]}
    assert {strategy: trial["db_hits"] for strategy, trial in trials.items()} == {
        "none": REQUESTS,
        "promise-lock": instances,
        "single-flight": instances,
        "redis-lock": 1,
        "redis-lock-notify": 1,
        "two-level": 1,
    }
    for trial in trials.values():
        assert trial["loads"] == trial["db_hits"]
        assert trial["amplification"] == trial["db_hits"]
        assert (trial["requests"], trial["ok"], trial["errors"], trial["timeouts"]) == (REQUESTS, REQUESTS, 0, 0)
        assert trial["valid"], trial["reasons"]
        assert 0 < trial["arrival_spread_ms"] < 100
        assert trial["latency_p50_ms"] >= 200
    assert trials["none"]["db_peak_in_flight"] == 40
    assert trials["none"]["db_peak_queued"] == REQUESTS - 40
    assert ended.code == 0


def test_a_warm_cache_spares_the_database(stampede: Callable[..., Any]) -> None:
    ended = stampede(
        "run", "warm-hits", "-n", 1, "-c", 40, "-i", 2, "--db-latency", "100ms", "-s", "none", "-s", "two-level",
        "--json"
    )  # fmt: skip
    for trial in ended.json()["trials"]:
        assert (trial["db_hits"], trial["db_hits_ideal"], trial["loads"], trial["ok"]) == (0, 0, 0, 40)
        assert "leader" not in trial["roles"]
    assert ended.code == 0


def test_without_a_number_of_trials_there_are_enough_to_show_a_spread(stampede: Callable[..., Any]) -> None:
    ended = stampede(
        "run", "-c", 20, "-i", 1, "--db-latency", "900ms", "--db-connections", 20, "-s", "none", "-s", "two-level",
        "-s", "lease", "-e", "out.json", COLUMNS="80",
    )  # fmt: skip
    assert ended.code == 0
    said, spread = ended.out.split("\n\n")[:2]
    assert "3 trials" in said.replace("\n", " ")
    assert spread.split()[:4] == ["p50", "ms", "p99", "ms"]
    assert [line.count("±") for line in spread.splitlines()[3:6]] == [2, 2, 2]
    assert max(map(len, ended.out.splitlines())) <= 80
