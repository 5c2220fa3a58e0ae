"""Makers of runs to report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from stampede.core.model import Role
from stampede.measure.fold import fold
from stampede.measure.observed import Observed, OriginLog
from stampede.measure.records import Recorder
from stampede.measure.requests import Requests
from stampede.measure.run import Run
from stampede.measure.summary import summarize
from stampede.measure.trial import Trial
from stampede.protection.counters import Counters
from stampede.scenario import reading
from stampede.scenario.model import Scenario

RELEASE = 1000.0


@pytest.fixture
def scenario() -> Scenario:
    """500 requests over 4 instances."""
    return reading.parse('strategies = ["none"]', "cold-burst", "cold-burst.toml")


@pytest.fixture
def requests() -> Requests:
    """One of each: a leader, an error, and one that was never answered."""
    recorder = Recorder()
    for row, started in ((recorder.intend(0, RELEASE), 0.001), (recorder.intend(1, RELEASE + 0.5), 0.502)):
        recorder.started[row] = RELEASE + started
    recorder.answered(0, RELEASE + 0.1, Role.LEADER, 3)
    recorder.failed(1, RELEASE + 0.75, "no")
    recorder.intend(0, RELEASE)
    return Requests.join({2: recorder.columns()}, RELEASE)


@pytest.fixture
def trial(scenario: Scenario, requests: Requests) -> Callable[..., Trial]:
    """Makes a valid trial of `none` with 500 requests, with changes."""
    seen = Observed(
        requests=requests,
        counters=Counters(loads=1),
        redis_commands=1000,
        redis_bytes=None,
        retries=0,
        struck_at=None,
        unsettled=0,
        lag_max=0.001,
        cpu=0.1,
        lost=[],
        errors={},
        origin=OriginLog(1, 1, 0, [(0.0, 1, 0), (0.1, 0, 0)], [("k", 0.0, 0.1)], [], executed=1),
    )
    folded = fold(scenario, "none", 1, seen)
    all_well: dict[str, float] = {"requests": 500, "ok": 500, "db_hits_ideal": 1}
    all_well |= dict.fromkeys(("errors", "timeouts", "failed"), 0)
    all_well |= {f"latency_{figure}_ms": 100.0 for figure in ("p50", "p90", "p99", "max")}

    def make(**changes: Any) -> Trial:
        executed = {"db_executed": changes.get("db_hits", folded.db_hits)}
        seen = msgspec.structs.replace(folded, **(all_well | executed | changes))
        amplification = round(seen.db_hits / max(1, seen.db_hits_ideal), 3)
        return msgspec.structs.replace(seen, **({"amplification": amplification} | changes))

    return make


@pytest.fixture
def run(scenario: Scenario) -> Callable[..., Run]:
    """Makes a run of trials."""

    def make(*trials: Trial, scenario: Scenario = scenario, **changes: Any) -> Run:
        whole = Run(
            stampede="0.1.0",
            created="2025-01-01T00:00:00+00:00",
            environment={"os": "Linux", "redis": "Valkey 9 (embedded)"},
            scenario=scenario,
            seed=7,
            trials=list(trials),
            summary=summarize(trials),
        )
        return msgspec.structs.replace(whole, **changes)

    return make
