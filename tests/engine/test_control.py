"""A trial with events has a control without them."""

from __future__ import annotations

from typing import Any

import pytest

from stampede.engine import control
from stampede.engine.control import ATTEMPTS, Controlled
from stampede.measure.requests import Requests
from stampede.measure.trial import Trial
from stampede.protection.strategy import Strategy
from stampede.scenario import reading
from stampede.scenario.model import Scenario

EVENTFUL = reading.load("metastable")
STRATEGY = Strategy.parse("none")


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Scenario, int, Any]]:
    """What was executed, with what was known of the hit rate; a control is INVALID until its third time."""
    calls: list[tuple[Scenario, int, Any]] = []

    async def execute(
        bench: object, scenario: Scenario, strategy: Strategy, number: int, seed: int, usual: float | None = None
    ) -> tuple[Trial, Requests]:
        calls.append((scenario, number, usual))
        return _trial(valid=bool(number) or len(calls) >= ATTEMPTS), Requests.join({}, 0.0)

    monkeypatch.setattr(control, "execute", execute)
    monkeypatch.setattr(control, "worst_window", lambda requests, since: 0.7)
    return calls


def _trial(valid: bool) -> Trial:
    return Trial(
        scenario="mine", strategy="none", trial=1, instances=4, concurrency=None, requests=500, ok=500, errors=0,
        timeouts=0, db_hits=4, db_hits_ideal=1, amplification=4.0, db_peak_in_flight=4, latency_p50_ms=100.0,
        latency_p90_ms=110.0, latency_p99_ms=120.0, latency_max_ms=130.0, stale=0, staleness_max_ms=0.0,
        redis_commands=1000, arrival_spread_ms=1.0, duration_s=0.13, valid=valid,
        reasons=[] if valid else ["it stood"],
    )  # fmt: skip


async def twice(controlled: Controlled) -> list[Trial]:
    found = [await controlled.execute(None, EVENTFUL, STRATEGY, number, 1) for number in (1, 2)]  # type: ignore[arg-type]
    return [trial for trial, _ in found]


async def test_one_valid_control_is_enough_for_all_trials(executed: list[tuple[Scenario, int, Any]]) -> None:
    trials = await twice(Controlled())
    assert [(bool(scenario.events), number, usual) for scenario, number, usual in executed] == [
        (False, 0, None), (False, 0, None), (False, 0, None), (True, 1, 0.7), (True, 2, 0.7),
    ]  # fmt: skip
    assert not any(trial.warnings for trial in trials)


async def test_without_a_valid_control_nothing_is_said_of_the_recovery(
    executed: list[tuple[Scenario, int, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ATTEMPTS", 2)
    trials = await twice(Controlled())
    assert [usual for _, number, usual in executed if number] == [None, None]
    for trial in trials:
        assert "the recovery is not known, for the control without the events was INVALID: it stood" in trial.warnings


async def test_without_events_there_is_no_control(executed: list[tuple[Scenario, int, Any]]) -> None:
    await Controlled().execute(None, reading.load("cold-burst"), STRATEGY, 1, 1)  # type: ignore[arg-type]
    assert [number for _, number, _ in executed] == [1]
