"""Makers of what is measured, so that a test names only what it is about."""

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
from stampede.measure.trial import Trial
from stampede.protection.counters import Counters
from stampede.scenario import reading
from stampede.scenario.model import Scenario

TOML = """
strategies = ["none"]
[workload]
concurrency = 4
[database]
latency = "100ms"
[fleet]
instances = 2
"""


@pytest.fixture
def scenario() -> Scenario:
    """Four requests over two instances in front of a database that takes 100 ms."""
    return reading.parse(TOML, "mine", "mine.toml")


@pytest.fixture
def requests() -> Callable[..., Requests]:
    """Makes requests of one instance; each is (started, ended) in seconds after the release, all of them hits."""

    def make(*times: tuple[float, float], key: int = 0, role: Role = Role.HIT) -> Requests:
        recorder = Recorder()
        for started, ended in times:
            row = recorder.intend(key, 1000.0)
            recorder.started[row] = 1000.0 + started
            recorder.answered(row, 1000.0 + ended, role, 1)
        return Requests.join({0: recorder.columns()}, 1000.0)

    return make


@pytest.fixture
def observed(requests: Callable[..., Requests]) -> Callable[..., Observed]:
    """Makes what was seen of a trial in which all went well: four requests, one load."""

    def make(**changes: Any) -> Observed:
        seen: dict[str, Any] = {
            "requests": requests((0.0, 0.1), (0.001, 0.1), (0.002, 0.1), (0.003, 0.1)),
            "loads": 1,
            "fenced_fills": 0,
            "store_errors": 0,
            "redis_commands": 8,
            "unsettled": 0,
            "lag_max": 0.0,
            "cpu": 0.0,
            "lost": [],
            "errors": {},
            "db_hits": {"k": 1},
            "db_peak_in_flight": 1,
            "db_peak_queued": 0,
            "changes": [(0.0, 1, 0), (0.1, 0, 0)],
        }
        seen |= changes
        counts = {name: seen.pop(name) for name in ("loads", "fenced_fills", "store_errors")}
        hits, changes_ = seen.pop("db_hits"), seen.pop("changes")
        peaks = (seen.pop("db_peak_in_flight"), seen.pop("db_peak_queued"))
        loads = [] if hits is None else [(key, 0.0, 0.1) for key, number in hits.items() for _ in range(number)]
        origin = None if hits is None else OriginLog(sum(hits.values()), *peaks, changes_, loads, [])
        more = {"redis_bytes": None, "retries": 0, "struck_at": None}
        return Observed(counters=Counters(**counts), origin=origin, **(more | seen))

    return make


@pytest.fixture
def trial(scenario: Scenario, observed: Callable[..., Observed]) -> Callable[..., Trial]:
    """Makes a trial of `none`, with changes."""

    def make(**changes: Any) -> Trial:
        return msgspec.structs.replace(fold(scenario, "none", 1, observed()), **changes)

    return make
