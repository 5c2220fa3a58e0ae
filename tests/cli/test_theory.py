"""`stampede calibrate --theory`, shortened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stampede.core.units import Duration
from stampede.engine import theory
from stampede.measure.theory import Burst

Said = Callable[..., Any]
Start = Callable[..., Any]


def test_it_checks_bursts_and_queues(said: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(theory, "BURSTS", [Burst(20, Duration(0.05))])
    monkeypatch.setattr(theory, "QUEUE_S", 1.0)
    ended = said("calibrate", "--theory", "--trials", 1, "--seed", 4, "--json", "--export", "out.csv")
    check = json.loads(ended.out)
    assert ended.code == (0 if all(row["ok"] for row in check["rows"]) else 4)  # a busy machine is late
    assert (check["seed"], check["trials"], check["interrupted"]) == (4, 1, False)
    assert len(check["rows"]) == 4 + 3 * 6
    for row in check["rows"]:
        if "66 at 20" in row["what"] or "Little" in row["what"]:
            assert row["measured"] == pytest.approx(row["theory"], rel=0.5)
            assert row["error"] == pytest.approx(row["measured"] / row["theory"] - 1)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + len(check["rows"])


def test_it_has_no_instances_and_no_redis(said: Said) -> None:
    ended = said("calibrate", "--theory", "--instances", 2)
    assert ended.code == 2
    assert ended.complaint() == (
        "stampede: --theory has no instances and no Redis: leave out --instances and --redis-server"
    )
