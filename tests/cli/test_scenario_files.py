"""Scenario files of the user's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MINE = """# Shows what my own
# load does.
strategies = ["none", "single-flight"]
trials = 5

[workload]
arrivals = "burst"
concurrency = 30
keys = "single"

[cache]
ttl = "5s"

[database]
latency = "lognormal(median=200ms, sigma=0.1)"
connections = 7

[fleet]
instances = 3
"""

Stampede = Callable[..., Any]
Said = Callable[..., Any]


def test_a_file_is_run_and_options_override_it(stampede: Stampede, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    ended = stampede(
        "run", "mine.toml", "-i", 2, "-n", 1, "-s", "two-level", "-s", "redis-lock(lease=3s)",
        "--ttl", "1m", "--seed", 7, "--json",
    )  # fmt: skip
    document = ended.json()
    scenario = document["scenario"]
    assert (scenario["name"], scenario["description"]) == ("mine", "Shows what my own load does.")
    assert scenario["workload"] == {
        "arrivals": "burst",
        "concurrency": 30,
        "keys": "single",
        "writes": 0.0,
        "invalidate": False,
    }
    assert scenario["fleet"] == {"instances": 2, "redis_pool": 0}
    assert scenario["database"] == {
        "latency": "lognormal(median=200ms, sigma=0.1)",
        "connections": 7,
        "missing": 0.0,
        "cancel": False,
    }
    assert scenario["cache"] == {"ttl": "1m", "start": "cold"}
    assert document["seed"] == 7
    ran = [(t["scenario"], t["strategy"], t["trial"], t["instances"], t["requests"]) for t in document["trials"]]
    assert ran == [("mine", "two-level", 1, 2, 30), ("mine", "redis-lock(lease=3s)", 1, 2, 30)]
    assert ended.code == 0


def test_a_file_is_explained(said: Said, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    ended = said("explain", "mine.toml")
    assert ended.code == 0
    text = " ".join(ended.out.split())
    assert "Shows what my own load does." in text
    assert "none single-flight" in text
    assert "burst, keys single, 30 callers" in text
    assert "lognormal(median=200ms, sigma=0.1), 7 connections" in text
    assert "3 instances" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strategys = []", ["'strategys'", "did you mean 'strategies'"]),
        ("[workload]\nconcurency = 5", ["'workload.concurency'", "did you mean 'workload.concurrency'"]),
        ("strategies = none", ["not valid TOML", "line 1"]),
        ("[workload]\nconcurrency = 0", ["workload.concurrency", ">= 1"]),
        ("[workload]\nkeys = 'zipff'", ["unknown keys 'zipff'", "single"]),
        ("[cache]\nttl = '5 parsecs'", ["cache.ttl", "'5 parsecs' is not a duration", "250ms"]),
        ("[cache]\nstart = 'lukewarm'", ["cache.start", "lukewarm"]),
        ("strategies = ['two-levl']", ["'two-levl'", "did you mean 'two-level'"]),
        ("cache = 5", ["cache", "expected `object`"]),
    ],
)
def test_a_mistake_in_a_file_is_named_with_file_key_and_remedy(
    said: Said, tmp_path: Path, text: str, words: list[str]
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    ended = said("run", "mine.toml")
    assert ended.code == 2
    for word in ["mine.toml", *words]:
        assert word in ended.complaint()


def test_a_file_may_begin_with_a_byte_order_mark_and_end_its_lines_as_windows_does(
    said: Said, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + MINE.replace("\n", "\r\n").encode())
    ended = said("explain", "mine.toml")
    assert ended.code == 0
    assert "Shows what my own load does." in " ".join(ended.out.split())


def test_a_file_that_is_no_text_is_refused(said: Said, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    ended = said("run", "mine.toml")
    assert ended.code == 2
    assert "mine.toml: it is not UTF-8 text" in ended.complaint()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trials = 1", ["mine: no strategy", "-s SPEC"]),
        (
            "strategies = ['none']\n[[expected]]\nstrategy = 'none'\nmetric = 'db_hit'\nvalue = 1",
            ["mine.toml: expected[0].metric: unknown metric 'db_hit'", "did you mean 'db_hits'?"],
        ),
    ],
)
def test_a_scenario_without_anything_to_measure_is_refused_before_the_run(
    said: Said, tmp_path: Path, text: str, words: list[str]
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    ended = said("run", "mine.toml", "--redis", "redis://127.0.0.1:1")
    assert ended.code == 2
    for word in words:
        assert word in ended.complaint()


def test_a_closed_loop_without_callers_gets_them_on_the_command_line(stampede: Stampede, tmp_path: Path) -> None:
    text = 'strategies = ["two-level"]\n[workload]\narrivals = "closed(duration=300ms)"\n'
    (tmp_path / "closed.toml").write_text(text)
    ended = stampede("run", "closed.toml", "-c", 6, "-i", 2, "-n", 1, "--json")
    (trial,) = json.loads(ended.out)["trials"]
    assert trial["concurrency"] == 6
    assert trial["requests"] >= 6
    refused = stampede("run", "closed.toml")
    assert refused.code == 2
    assert "closed.toml: workload: 'closed(duration=300ms)' says when, but neither" in refused.complaint()


@pytest.mark.parametrize(
    ("arrivals", "client", "words"),
    [
        ("closed(duration=300ms)", "", ["--sweep", "concurrency=4,6"]),
        ("closed(duration=300ms)", "", ["--sweep", "rate=50,60"]),
        ("closed(duration=300ms)", "", ["--sweep", "rate=50,60", "--duration", "200ms"]),
        ("burst", "", ["--sweep", "rate=50,60", "--duration", "200ms"]),
        ("constant(rate=50,duration=300ms)", "retries = 1", ["--timeout", "1s"]),
        ("constant(rate=50,duration=300ms)", "retries = 1", ["--sweep", "timeout=1s,2s"]),
        ("constant(rate=50,duration=300ms)", "", ["--sweep", "timeout=1s,2s", "--retries", 1]),
    ],
)
def test_options_and_sweeps_give_a_file_and_each_other_what_is_missing(
    stampede: Stampede, tmp_path: Path, arrivals: str, client: str, words: list[str]
) -> None:
    text = f'strategies = ["two-level"]\n[workload]\narrivals = "{arrivals}"\n[client]\n{client}\n'
    (tmp_path / "mine.toml").write_text(text)
    ended = stampede("run", "mine.toml", *words, "-i", 2, "-n", 1, "--json")
    assert ended.code in (0, 4), ended.err  # a busy machine may be too slow for a steady rate
    assert all(trial["ok"] for trial in ended.json()["trials"])


def test_a_sweep_gives_no_file_what_it_does_not_have(said: Said, tmp_path: Path) -> None:
    text = 'strategies = ["two-level"]\n[workload]\narrivals = "closed(duration=300ms)"\n'
    (tmp_path / "closed.toml").write_text(text)
    refused = said("run", "closed.toml", "--sweep", "instances=1,2")
    assert refused.code == 2
    assert "closed.toml: workload: 'closed(duration=300ms)' says when, but neither" in refused.complaint()
