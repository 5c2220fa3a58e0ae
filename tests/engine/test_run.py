"""A run and its parts."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from stampede.core.errors import EnvironmentFault
from stampede.engine.measured import Measured
from stampede.engine.run import collect, new_run, so_far, usual_trials
from stampede.measure.requests import Requests
from stampede.measure.trial import Trial
from stampede.scenario import reading

SCENARIO = reading.load("cold-burst")
TRIAL = Trial(
    scenario="cold-burst", strategy="none", trial=1, instances=4, concurrency=500, requests=500, ok=500, errors=0,
    timeouts=0, db_hits=4, db_hits_ideal=1, amplification=4.0, db_peak_in_flight=4, latency_p50_ms=100.0,
    latency_p90_ms=110.0, latency_p99_ms=120.0, latency_max_ms=130.0, stale=0, staleness_max_ms=0.0,
    redis_commands=1000, arrival_spread_ms=1.0, duration_s=0.13, valid=True,
)  # fmt: skip


def test_where_not_even_the_floor_can_be_measured_no_trial_is_valid() -> None:
    measured = Measured(new_run(SCENARIO, 1))
    measured.run.floor = TRIAL
    measured.add(TRIAL, Requests.join({}, 0.0))
    measured.run.floor = msgspec.structs.replace(TRIAL, valid=False, reasons=["arrival spread 90 ms"])
    measured.add(TRIAL, Requests.join({}, 0.0))
    assert [trial.valid for trial in measured.run.trials] == [True, False]
    assert measured.run.trials[1].reasons == ["the harness's floor: arrival spread 90 ms"]


@pytest.mark.parametrize(("round_s", "trials"), [(0.3, 33), (1.0, 10), (2.4, 4), (3.4, 3), (60.0, 3)])
def test_as_many_trials_fit_into_the_usual_time_and_three_at_least(round_s: float, trials: int) -> None:
    assert usual_trials(round_s) == trials


def test_a_run_that_nobody_told_its_number_of_trials_says_how_many_there_were() -> None:
    run = new_run(SCENARIO, 1)
    assert run.scenario.trials is None
    run.trials += [TRIAL, msgspec.structs.replace(TRIAL, trial=2)]
    assert so_far(run).scenario.trials == 2
    told = new_run(msgspec.structs.replace(SCENARIO, trials=5), 1)
    assert so_far(told).scenario.trials == 5


def test_an_error_that_nobody_foresaw_costs_no_trial_that_had_ended() -> None:
    measured = Measured(new_run(SCENARIO, 1))

    async def one_trial_and_an_error() -> None:
        measured.add(TRIAL, Requests.join({}, 0.0))
        raise ConnectionError("hung up")

    asyncio.run(collect(measured, one_trial_and_an_error))
    assert measured.run.trials == [TRIAL]
    assert measured.run.stopped_by == "unexpected ConnectionError: hung up (--debug shows where)"
    assert isinstance(measured.fault, EnvironmentFault)
    assert isinstance(measured.fault.__cause__, ConnectionError)


def test_an_error_that_nobody_foresaw_before_the_first_trial_is_shown_as_it_is() -> None:
    async def error() -> None:
        raise ConnectionError("hung up")

    with pytest.raises(ConnectionError):
        asyncio.run(collect(Measured(new_run(SCENARIO, 1)), error))


def test_a_fault_that_ends_a_run_keeps_its_cause_for_debug() -> None:
    measured = Measured(new_run(SCENARIO, 1))
    cause = OSError("no space left")

    async def one_trial_and_a_fault() -> None:
        measured.add(TRIAL, Requests.join({}, 0.0))
        raise EnvironmentFault("cannot go on") from cause

    asyncio.run(collect(measured, one_trial_and_a_fault))
    assert measured.fault is not None
    assert measured.fault.__cause__ is cause
