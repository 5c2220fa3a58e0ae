"""One scenario at many points."""

from __future__ import annotations

import pytest

from stampede.core.errors import UsageError
from stampede.scenario import reading
from stampede.scenario.model import Scenario
from stampede.scenario.overrides import PARAMETERS
from stampede.scenario.sweep import points


@pytest.fixture
def base() -> Scenario:
    """500 callers over 4 instances."""
    return reading.load("cold-burst")


def test_without_a_sweep_there_is_the_scenario_alone(base: Scenario) -> None:
    assert points(base, []) == [({}, base)]


def test_all_combinations_are_measured(base: Scenario) -> None:
    found = points(base, ["concurrency=100,500", "db-latency=20ms, 0.1s"])
    assert [list(point.swept.values()) for point in found] == [
        ["100", "20ms"],
        ["100", "100ms"],
        ["500", "20ms"],
        ["500", "100ms"],
    ]
    assert [point.scenario.workload.concurrency for point in found] == [100, 100, 500, 500]
    assert [str(point.scenario.database.latency) for point in found] == ["20ms", "100ms"] * 2


def test_commas_in_brackets_part_no_values(base: Scenario) -> None:
    found = points(base, ["db-latency=lognormal(median=20ms,sigma=0.5),50ms"])
    assert [point.swept["db-latency"] for point in found] == ["lognormal(median=20ms, sigma=0.5)", "50ms"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_changes_the_scenario(base: Scenario, name: str) -> None:
    value = {"db-latency": "7ms", "ttl": "7s", "db-cancel": "true"}.get(name, "7")
    (point,) = points(base, [f"{name}={value}"])
    section, field = PARAMETERS[name].path
    assert str(getattr(getattr(point.scenario, section), field)).lower() == value
    assert point.swept == {name: value}


@pytest.mark.parametrize(
    ("sweeps", "problem"),
    [
        (
            ["speed=1,2"],
            "unknown parameter 'speed': known: concurrency, instances, db-latency, db-connections, db-cancel, ttl, "
            "redis-pool",
        ),
        (["db_latency=1ms"], "did you mean 'db-latency'?"),
        (["concurrency"], "'' is no whole number above zero"),
        (["concurrency=1,x"], "'x' is no whole number above zero"),
        (["instances=0"], "'0' is no whole number above zero"),
        (["redis-pool=0,-1"], "'-1' is no whole number"),
        (["redis-pool=0,0"], "0 is in it twice"),
        (["ttl=1s,"], "'' is not a duration"),
        (["ttl=1s,1000ms"], "1s is in it twice"),
        (["ttl=1s", "ttl=2s"], "'ttl' is swept twice"),
        (["concurrency=3"], "3 concurrent requests cannot be spread over 4 instances"),
        (["ttl=20ms"], "values would expire on arrival"),
    ],
)
def test_what_cannot_be_swept_is_refused(base: Scenario, sweeps: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        points(base, sweeps)
    assert problem in str(raised.value)
