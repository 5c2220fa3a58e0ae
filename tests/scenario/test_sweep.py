"""One scenario at many points."""

from __future__ import annotations

import msgspec
import pytest

from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.scenario import reading
from stampede.scenario.model import Scenario
from stampede.scenario.overrides import PARAMETERS, override
from stampede.scenario.sweep import points
from stampede.workload.laws import Arrivals


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
    written = {
        "db-latency": "7ms",
        "ttl": "7s",
        "db-cancel": "true",
        "timeout": "7s",
        "duration": "7s",
        "rate": "7.5",
    }
    value = written.get(name, "uniform(n=7)" if name == "keys" else "7")
    at_a_rate = override(base, {"rate": 2}) if name == "duration" else base
    patient = override(at_a_rate, {"timeout": Duration(1.0)}) if name == "retries" else at_a_rate
    (point,) = points(patient, [f"{name}={value}"])
    found: object = point.scenario
    for part in PARAMETERS[name].path:
        found = getattr(found, part)
    assert str(found).lower() == value
    assert point.swept == {name: value}


@pytest.mark.parametrize(
    ("law", "sweeps", "arrivals"),
    [
        ("burst(times=3)", ["rate=500"], "poisson(rate=500,duration=10s)"),
        ("burst", ["duration=2s", "rate=0.5"], "poisson(rate=0.5,duration=2s)"),
        ("closed(duration=3s)", ["duration=2s"], "closed(duration=2s)"),
        ("closed(duration=3s)", ["rate=1000"], "poisson(rate=1000,duration=3s)"),
        ("constant(duration=3s,rate=7)", ["rate=9"], "constant(duration=3s,rate=9)"),
    ],
)
def test_a_rate_makes_an_open_loop_and_keeps_what_the_law_has(
    base: Scenario, law: str, sweeps: list[str], arrivals: str
) -> None:
    callers = None if "rate" in law else 500
    work = msgspec.structs.replace(base.workload, arrivals=Arrivals.parse(law), concurrency=callers)
    (point,) = points(msgspec.structs.replace(base, workload=work), sweeps)
    assert str(point.scenario.workload.arrivals) == arrivals
    assert (point.scenario.workload.concurrency is None) == ("rate" in arrivals)


@pytest.mark.parametrize(
    ("sweeps", "problem"),
    [
        (
            ["speed=1,2"],
            "unknown parameter 'speed': known: rate, duration, concurrency, keys, instances, timeout, retries, "
            "db-latency, db-connections, db-cancel, ttl, redis-pool",
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
        (["duration=2s"], "'burst' has no duration: give a rate, too, as --rate 500"),
        (["rate=0"], "'0' is no rate"),
        (["rate=1e3"], "'1e3' is no rate"),
        (["rate=99999999"], "<= 1000000"),
        (["retries=2"], "without client.timeout nobody ever gives up"),
        (["concurrency=3"], "3 concurrent requests cannot be spread over 4 instances"),
        (["ttl=20ms"], "values would expire on arrival"),
    ],
)
def test_what_cannot_be_swept_is_refused(base: Scenario, sweeps: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        points(base, sweeps)
    assert problem in str(raised.value)
