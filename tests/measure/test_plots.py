"""What a trial keeps for its plots: the latency curve, the sample of requests, the staleness timeline."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.model import Role
from stampede.measure import curve, load, staleness
from stampede.measure.requests import Requests
from stampede.measure.sample import LIMIT, take
from stampede.measure.summary import typical
from stampede.measure.trial import Trial

MakeRequests = Callable[..., Requests]


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=500))
def test_a_latency_curve_goes_from_the_minimum_to_the_maximum_and_never_falls(latencies: list[float]) -> None:
    found = curve.thin(np.array(latencies))
    assert found is not None
    assert (found.beyond[0], found.beyond[-1]) == (1.0, 0.0)
    assert found.ms[0] == pytest.approx(min(latencies) * 1000, abs=1e-3)
    assert found.ms[-1] == pytest.approx(max(latencies) * 1000, abs=1e-3)
    assert np.all(np.diff(found.ms) >= 0)
    assert np.all(np.diff(found.beyond) < 0)
    assert len(found.beyond) == len(found.ms) <= 100


def test_a_latency_curve_ends_where_a_single_request_is_the_tail() -> None:
    found = curve.thin(np.arange(1, 1001) / 1000)
    assert found is not None
    assert found.beyond[-2] == pytest.approx(0.001)
    at = dict(zip(found.beyond, found.ms, strict=True))
    assert at[0.1] == pytest.approx(900, rel=0.01)
    assert curve.thin(np.empty(0)) is None


def test_curves_of_several_trials_are_medians_between_the_extremes() -> None:
    curves = [curve.LatencyCurve([1.0, 0.5, 0.0], [1.0, top / 2, top]) for top in (10.0, 30.0, 20.0)]
    shorter = curve.LatencyCurve([1.0, 0.0], [1.0, 40.0])
    band = curve.over_trials(curves)
    assert band == curve.Band([1.0, 0.5, 0.0], [1.0, 10.0, 20.0], [1.0, 5.0, 10.0], [1.0, 15.0, 30.0])
    assert curve.over_trials([*curves, shorter]) == curve.Band([1.0, 0.0], [1.0, 25.0], [1.0, 10.0], [1.0, 40.0])
    assert curve.over_trials([]) is None


def mixed(*counts: tuple[Role, int]) -> Requests:
    """So many requests of each role, the last one of all never answered."""
    roles = np.concatenate([np.full(count, role, np.int8) for role, count in counts])
    size = len(roles)
    started = np.arange(size, dtype=np.float64) * 1e-3
    ended = started + 0.1234567
    ended[-1] = np.nan
    zeros = np.zeros(size, np.int32)
    return Requests(zeros, zeros, started, started, ended, zeros.astype(np.int8), roles, zeros)


def test_few_requests_are_all_in_the_sample_to_10_microseconds() -> None:
    sample = take(mixed((Role.LEADER, 1), (Role.WAITER, 3)))
    assert sample is not None
    assert (sample.of, sample.role) == (4, [1, 2, 2, 2])
    assert sample.started_ms == [0.0, 1.0, 2.0, 3.0]
    assert sample.ended_ms == [123.46, 124.46, 125.46, None]


@given(
    st.lists(st.tuples(st.sampled_from(list(Role)), st.integers(1, 60)), min_size=1, max_size=8), st.integers(8, 60)
)
def test_a_sample_is_no_larger_than_its_limit_and_has_every_role(counts: list[tuple[Role, int]], limit: int) -> None:
    requests = mixed(*counts)
    sample = take(requests, limit)
    assert sample is not None
    assert len(sample.role) == min(limit, len(requests))
    assert set(sample.role) == set(requests.role.tolist())
    assert sample.started_ms == sorted(sample.started_ms)


def test_among_thousands_the_one_leader_is_in_the_sample() -> None:
    sample = take(mixed((Role.WAITER, 7000), (Role.LEADER, 1), (Role.WAITER, 13_000)))
    assert sample is not None
    assert (sample.of, len(sample.role)) == (20_001, LIMIT)
    assert sample.role.count(Role.LEADER) == 1


def test_of_no_requests_there_is_no_sample() -> None:
    assert take(Requests.join({}, 0.0)) is None


def test_a_staleness_timeline_keeps_the_oldest_answer_of_every_step(requests: MakeRequests) -> None:
    seen = requests(*((at / 1000, at / 1000 + 0.001) for at in range(200)))
    ages = np.zeros(200)
    ages[[7, 151]] = 0.5, 0.25
    found = staleness.thin(seen, ages)
    assert found is not None
    assert found.step_ms == pytest.approx(2)
    assert (found.max_ms[3], found.max_ms[75], sum(found.max_ms)) == (500.0, 250.0, 750.0)
    assert (found.stale[3], found.stale[75], sum(found.stale)) == (1, 1, 2)
    assert staleness.thin(Requests.join({}, 0.0), np.empty(0)) is None


def test_the_typical_trial_is_the_valid_one_with_the_median_p99(trial: Callable[..., Trial]) -> None:
    trials = [trial(trial=n, latency_p99_ms=p99, valid=n != 2) for n, p99 in enumerate((30.0, 20.0, 10.0, 50.0))]
    assert typical(trials).trial == 0
    assert typical([trial(trial=9, latency_p99_ms=None)]).trial == 9


def test_a_timeline_tells_what_was_left_after_the_last_change() -> None:
    found = load.thin([(0.0, 1, 0), (0.05, 2, 3), (0.1, 1, 2)])
    assert found is not None
    assert (found.in_flight[-1], found.left) == (2, (1, 2))
    assert load.thin([(0.0, 1, 0), (0.1, 0, 0)]) == load.Timeline(1.0, [1] * 101, [0] * 101)
