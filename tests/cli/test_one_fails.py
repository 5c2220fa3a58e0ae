"""A strategy that cannot be measured: the others are, and stay in everything that is shown and exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

Stampede = Callable[..., Any]

SIZE = ["-c", 40, "-i", 2, "--db-latency", "300ms"]

BROKEN = '''
from dataclasses import dataclass
from stampede.protection.choices import Wrapper

@dataclass
class Broken(Wrapper):
    """Breaks.

    source: nobody
    """

    async def begin(self, cache, keys):
        raise ZeroDivisionError("a bug of somebody else's")
'''


@pytest.fixture
def untracked(own_redis: Callable[..., Path]) -> tuple[str, Callable[[], None]]:
    """A Redis of the user's own, and what has it allow no tracking any more."""
    url = f"unix://{own_redis()}"

    def forbid() -> None:
        with Redis.from_url(url) as redis:
            redis.execute_command("ACL", "SETUSER", "default", "-client|tracking")

    return url, forbid


def test_a_run_goes_on_without_it(
    start: Stampede, untracked: tuple[str, Callable[[], None]], tmp_path: Path
) -> None:  # fmt: skip
    url, forbid = untracked
    specs = ["-s", "two-level", "-s", "near+two-level", "-s", "none", "-n", 2]
    run = start("run", *SIZE, *specs, "--redis", url, "-e", "out.json", "-e", "out.csv", "-e", "out.md")
    run.await_burst(1, url)
    forbid()
    ended = run.ended()
    assert ended.code == 3
    why = "near+two-level could not be measured: Redis does not let us track changes"
    assert why in ended.line()
    document = json.loads((tmp_path / "out.json").read_text())
    measured = [(trial["trial"], trial["strategy"]) for trial in document["trials"]]
    assert measured == [(1, "two-level"), (1, "none"), (2, "two-level"), (2, "none")]
    assert list(document["unmeasured"]) == ["near+two-level"]
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 5
    shown = " ".join(ended.out.split())
    assert "two-level 1/1" in shown
    assert "near+two-level: could not be measured" in shown
    assert "could not be measured" in (tmp_path / "out.md").read_text()


def forbidden_in_mid_run(start: Stampede, untracked: tuple[str, Callable[[], None]], words: list[Any]) -> Any:
    """How a comparison ends whose `near` is not allowed to track any more after the first burst."""
    url, forbid = untracked
    run = start("compare", *words, *SIZE, "--redis", url, "-e", "out.json")
    run.await_burst(1, url)
    forbid()
    ended = run.ended()
    assert ended.code == 3
    return ended


def test_a_comparison_goes_on_without_it(
    start: Stampede, untracked: tuple[str, Callable[[], None]], tmp_path: Path
) -> None:
    words = ["two-level", "none", "near+two-level", "--trials", 3, "--seed", 4]  # seed 4 begins in this order
    ended = forbidden_in_mid_run(start, untracked, words)
    assert "near+two-level could not be measured" in ended.line()
    comparison = json.loads((tmp_path / "out.json").read_text())["comparison"]
    assert [(each["strategy"], each["pairs"]) for each in comparison["strategies"]] == [("none", 3)]


def test_without_its_reference_a_comparison_ends_and_keeps_what_it_has(
    start: Stampede, untracked: tuple[str, Callable[[], None]], tmp_path: Path
) -> None:
    words = ["near+two-level", "two-level", "none", "--trials", 3, "--seed", 0]  # it comes last there
    ended = forbidden_in_mid_run(start, untracked, words)
    assert "nothing is left to compare: near+two-level could not be measured" in ended.line()
    document = json.loads((tmp_path / "out.json").read_text())
    assert sorted(trial["strategy"] for trial in document["trials"]) == ["none", "two-level"]
    assert document["comparison"] is None


def test_the_bug_of_somebody_elses_strategy_is_told_and_costs_the_others_nothing(
    stampede: Stampede, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[stampede.resilience]\nbroken = broken:Broken\n")
    ended = stampede(
        "run", "-n", 1, *SIZE, "-s", "none+broken", "-s", "two-level", "-e", "out.json", PYTHONPATH=str(tmp_path)
    )  # fmt: skip
    assert ended.code == 3
    assert "broken could not be measured: ZeroDivisionError: a bug of somebody else's" in ended.line()
    document = json.loads((tmp_path / "out.json").read_text())
    assert [trial["strategy"] for trial in document["trials"]] == ["two-level"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["-s", "scheduled(every=10s)"], "scheduled(every=10s) must be shorter than the ttl, 10s"),
        (["deploy", "--database", "sqlite+aiosqlite:///x", "--query", "select 1"], "events need the fake-slow"),
    ],
    ids=["a schedule that is too slow", "events at a database of the user's own"],
)
def test_what_can_be_known_before_the_run_is_said_before_it(said: Stampede, words: list[str], why: str) -> None:
    ended = said("run", *words, "--redis", "redis://127.0.0.1:1")  # where nothing is
    assert (ended.code, why in ended.complaint()) == (2, True)
