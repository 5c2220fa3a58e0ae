"""The fold of a trial, and its verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.model import Role
from stampede.core.units import Duration
from stampede.measure.fold import fold
from stampede.measure.load import busy_s, thin
from stampede.measure.observed import Observed, OriginLog, OwnLog
from stampede.measure.records import Recorder
from stampede.measure.requests import Requests
from stampede.measure.steps import POINTS
from stampede.measure.timing import arrival_spread
from stampede.protection.counters import Counters
from stampede.scenario import reading
from stampede.scenario.fault import Fault
from stampede.scenario.model import Event, Scenario

MakeRequests = Callable[..., Requests]
MakeObserved = Callable[..., Observed]

CHANGES = st.lists(
    st.tuples(st.floats(0, 30), st.integers(0, 500), st.integers(0, 10_000)), min_size=1, max_size=100
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


def of_roles(*roles: Role) -> Requests:
    recorder = Recorder()
    for number, role in enumerate(roles):
        row = recorder.intend(0, 0.0)
        recorder.started[row] = 0.0
        if role is Role.ERROR:
            recorder.failed(row, 0.5, "no")
        else:
            recorder.answered(row, 0.1 * (number + 1), role, 1)
    return Requests.join({0: recorder.columns()}, 0.0)


def test_a_trial_folds_what_was_seen(scenario: Scenario, observed: MakeObserved) -> None:
    trial = fold(scenario, "two-level", 3, observed())
    assert (trial.scenario, trial.strategy, trial.trial) == ("mine", "two-level", 3)
    assert (trial.instances, trial.concurrency, trial.requests) == (2, 4, 4)
    assert (trial.ok, trial.errors, trial.timeouts) == (4, 0, 0)
    assert (trial.db_hits, trial.db_hits_ideal, trial.amplification, trial.db_peak_in_flight) == (1, 1, 1.0, 1)
    assert (trial.latency_p50_ms, trial.latency_max_ms) == (pytest.approx(100), pytest.approx(100))
    assert (trial.redis_commands, trial.arrival_spread_ms) == (8, pytest.approx(3))
    assert trial.duration_s == pytest.approx(0.1)
    assert (trial.valid, trial.reasons, trial.warnings) == (True, [], [])


def test_percentiles_and_maximum_are_those_of_the_latencies(
    scenario: Scenario, observed: MakeObserved, requests: MakeRequests
) -> None:
    latencies = [number / 1000 for number in range(1, 102)]
    trial = fold(scenario, "none", 1, observed(requests=requests(*((0.0, each) for each in latencies))))
    figures = (trial.latency_p50_ms, trial.latency_p90_ms, trial.latency_p99_ms, trial.latency_max_ms)
    assert figures == tuple(map(pytest.approx, (51, 91, 100, 101)))


def test_who_got_nothing_felt_how_long_it_took_to_know(scenario: Scenario, observed: MakeObserved) -> None:
    trial = fold(scenario, "none", 1, observed(requests=of_roles(Role.ERROR, Role.ERROR), errors={"no": 2}))
    assert (trial.latency_p50_ms, trial.latency_p90_ms, trial.latency_p99_ms, trial.latency_max_ms) == (500,) * 4
    assert (trial.ok, trial.errors, trial.failed, trial.error_messages) == (0, 2, 2, {"no": 2})
    assert (trial.ok_p50_ms, trial.ok_p99_ms) == (None, None)


def test_those_who_timed_out_are_in_the_percentiles(scenario: Scenario, observed: MakeObserved) -> None:
    """192 of 200 callers gave up after 500 ms, the others were answered after 408."""
    recorder = Recorder()
    for number in range(200):
        row = recorder.intend(0, 0.0)
        recorder.started[row] = 0.0
        if number < 192:
            recorder.gave_up(row, 0.5)
        else:
            recorder.answered(row, 0.408, Role.WAITER, 1)
    trial = fold(scenario, "none", 1, observed(requests=Requests.join({0: recorder.columns()}, 0.0)))
    assert (trial.latency_p50_ms, trial.latency_p99_ms, trial.latency_max_ms) == (500, 500, 500)
    assert (trial.ok_p50_ms, trial.ok_p99_ms) == (pytest.approx(408), pytest.approx(408))
    assert (trial.failed, trial.timeouts, trial.errors, trial.waiters_peak) == (192, 192, 0, 200)


def test_a_rare_percentile_needs_five_thousand_requests(
    scenario: Scenario, observed: MakeObserved, requests: MakeRequests
) -> None:
    few, many = (requests(*[(0.0, 0.1)] * count) for count in (4999, 5000))
    assert fold(scenario, "none", 1, observed(requests=few)).latency_p999_ms is None
    assert fold(scenario, "none", 1, observed(requests=many)).latency_p999_ms == pytest.approx(100)


def test_latency_is_split_by_role(scenario: Scenario, observed: MakeObserved) -> None:
    roles = (Role.LEADER, Role.WAITER, Role.WAITER, Role.STALE, Role.ERROR)
    trial = fold(scenario, "none", 1, observed(requests=of_roles(*roles)))
    assert {name: row.requests for name, row in trial.roles.items()} == {
        "leader": 1,
        "waiter": 2,
        "stale": 1,
        "error": 1,
    }
    assert trial.roles["waiter"].max_ms == pytest.approx(300)
    assert trial.roles["error"].p50_ms == pytest.approx(500)
    assert trial.stale == 0  # nobody wrote, so no answer was older than the origin


def test_amplification_is_hits_over_those_that_would_do(scenario: Scenario, observed: MakeObserved) -> None:
    assert fold(scenario, "none", 1, observed(loads=4, db_hits={"a": 3, "b": 1})).amplification == 4.0


def test_the_spread_is_that_of_the_first_instant_and_of_those_who_started() -> None:
    recorder = Recorder()
    for intended, started in ((0.0, 0.010), (0.0, 0.030), (5.0, 5.4), (0.0, None)):
        row = recorder.intend(0, 100.0 + intended)
        if started is not None:
            recorder.started[row] = 100.0 + started
    assert arrival_spread(Requests.join({0: recorder.columns()}, 100.0)) == pytest.approx(0.020)


@pytest.mark.parametrize(
    ("spread_ms", "valid", "warned"),
    [(0, True, False), (9.9, True, False), (10.1, True, True), (49.9, True, True), (50.1, False, False)],
)
def test_a_spread_above_a_tenth_of_the_database_latency_warns_and_above_half_is_invalid(
    scenario: Scenario,
    observed: MakeObserved,
    requests: MakeRequests,
    spread_ms: float,
    valid: bool,
    warned: bool,
) -> None:
    seen = observed(requests=requests((0.0, 0.2), (spread_ms / 1000, 0.2)))
    trial = fold(scenario, "none", 1, seen)
    assert trial.arrival_spread_ms == pytest.approx(spread_ms)
    assert (trial.valid, bool(trial.warnings)) == (valid, warned)
    assert [("arrival spread" in text, "half the database latency" in text) for text in trial.reasons] == (
        [] if valid else [(True, True)]
    )


class Outage(Fault):
    """The store is not there."""

    troubles_store = True


@pytest.mark.parametrize(
    ("trouble", "valid", "warned"),
    [
        ({}, True, False),
        ({"store_errors": 1}, True, True),
        ({"counters": {"degraded": 1}}, True, True),
        ({"store_failures": 1}, True, True),
        ({"store_errors": 3}, False, False),
        ({"store_errors": 1, "counters": {"degraded": 1}, "store_failures": 1}, False, False),
    ],
)
def test_a_store_that_failed_unasked_is_told_and_above_one_in_a_hundred_invalid(
    scenario: Scenario,
    observed: MakeObserved,
    requests: MakeRequests,
    trouble: dict[str, Any],
    valid: bool,
    warned: bool,
) -> None:
    counters = Counters(1, 0, trouble.get("store_errors", 0), **trouble.get("counters", {}))
    seen = observed(requests=requests(*[(0.0, 0.1)] * 200), store_failures=trouble.get("store_failures", 0))
    seen = replace(seen, counters=counters)
    trial = fold(scenario, "none", 1, seen)
    told = [text for text in trial.warnings + trial.reasons if text.startswith("steps of the store failed")]
    assert (trial.valid, bool(trial.warnings), bool(told)) == (valid, warned, bool(trouble))
    asked = msgspec.structs.replace(scenario, events=(Event(Duration(0.1), Outage()),))
    trial = fold(asked, "none", 1, seen)
    assert (trial.valid, trial.warnings) == (True, [])


@pytest.mark.parametrize(("loads", "hits"), [(1, {"k": 2}), (2, {"k": 1}), (1, {}), (0, {"k": 1})])
def test_counts_that_disagree_are_invalid(
    scenario: Scenario, observed: MakeObserved, loads: int, hits: dict[str, int]
) -> None:
    trial = fold(scenario, "none", 1, observed(loads=loads, db_hits=hits))
    assert not trial.valid
    assert trial.reasons == [f"the instances count {loads} loads, the database {sum(hits.values())}"]
    assert trial.db_hits == sum(hits.values())


def test_a_database_that_cannot_count_leaves_the_count_to_the_instances(
    scenario: Scenario, observed: MakeObserved
) -> None:
    trial = fold(scenario, "none", 1, observed(loads=7, db_hits=None, changes=[]))
    assert (trial.valid, trial.db_hits, trial.db_timeline) == (True, 7, None)


@pytest.mark.parametrize(("load_ms", "valid", "warned"), [(1000, True, False), (300, True, True), (60, False, False)])
def test_the_spread_in_front_of_a_database_of_ones_own_is_compared_with_the_fastest_load(
    scenario: Scenario, observed: MakeObserved, load_ms: float, valid: bool, warned: bool
) -> None:
    recorder = Recorder()
    for started, load_s in ((0.0, load_ms / 1000), (0.050, 9.0)):
        row = recorder.intend(0, 0.0)
        recorder.started[row] = started
        recorder.answered(row, started + load_s, Role.LEADER, 1)
    requests = Requests.join({0: recorder.columns()}, 0.0)
    trial = fold(scenario, "none", 1, observed(requests=requests, loads=2, db_hits=None, changes=[]))
    assert (trial.valid, bool(trial.warnings)) == (valid, warned)


def test_without_any_load_at_a_database_of_ones_own_the_spread_cannot_be_judged(
    scenario: Scenario, observed: MakeObserved
) -> None:
    trial = fold(scenario, "none", 1, observed(loads=0, db_hits=None, changes=[]))
    assert trial.valid
    assert trial.warnings == ["no load was seen, so the arrival spread has nothing to be compared with"]


def test_a_lost_instance_is_invalid(scenario: Scenario, observed: MakeObserved) -> None:
    trial = fold(scenario, "none", 1, observed(lost=[1], db_hits={"k": 2}))
    assert (trial.valid, trial.reasons) == (False, ["instance 1 died"])


def test_every_reason_is_given(scenario: Scenario, observed: MakeObserved, requests: MakeRequests) -> None:
    seen = observed(requests=requests((0.0, 0.2), (0.15, 0.2)), loads=3)
    assert len(fold(scenario, "none", 1, seen).reasons) == 2


def test_background_tasks_that_had_to_be_cancelled_are_a_warning(scenario: Scenario, observed: MakeObserved) -> None:
    trial = fold(scenario, "none", 1, observed(unsettled=2))
    assert (trial.valid, trial.warnings) == (True, ["2 background tasks had to be cancelled"])


def test_a_trial_of_which_no_request_is_left_can_be_folded(scenario: Scenario, observed: MakeObserved) -> None:
    nothing = Requests.join({}, 0.0)
    trial = fold(scenario, "none", 1, observed(requests=nothing, lost=[0, 1], loads=0, changes=[]))
    assert (trial.requests, trial.ok, trial.valid, trial.duration_s) == (0, 0, False, 0.0)
    assert trial.latency_max_ms is None


def test_a_request_without_an_answer_is_a_timeout(scenario: Scenario, observed: MakeObserved) -> None:
    recorder = Recorder()
    recorder.intend(0, 0.0)
    trial = fold(scenario, "none", 1, observed(requests=Requests.join({0: recorder.columns()}, 0.0)))
    assert (trial.timeouts, trial.errors, trial.ok) == (1, 0, 0)
    assert list(trial.roles) == ["error"]


# -- the timeline --------------------------------------------------------------------------------------------------


def test_the_database_is_busy_for_nobody_after_the_last_answer() -> None:
    assert busy_s([(0.0, 2, 0), (1.0, 1, 0), (3.0, 0, 0)], until=10.0) == 4.0
    assert busy_s([(0.0, 2, 0), (1.0, 1, 0), (3.0, 0, 0)], until=1.5) == 2.5
    assert busy_s([(0.0, 2, 0)], until=1.5) == 3.0
    assert busy_s([], until=1.0) == 0.0


def test_loads_that_were_executed_later_are_not_counted() -> None:
    log = OriginLog(3, 1, 0, [], [("k", 0.0, 1.0), ("k", 0.0, 2.0), ("k", 0.0, math.inf)], [])
    assert (log.executed_by(1.0), log.executed_by(10.0)) == (1, 2)


def test_without_changes_there_is_no_timeline() -> None:
    assert thin([]) is None


def test_a_timeline_keeps_the_level_between_changes() -> None:
    timeline = thin([(0.0, 1, 0), (0.001, 2, 5), (0.004, 1, 0), (0.006, 0, 0)])
    assert timeline is not None
    assert timeline.step_ms == 1
    assert timeline.in_flight == [1, 2, 2, 2, 2, 1, 1]
    assert timeline.queued == [0, 5, 5, 5, 5, 0, 0]


@given(CHANGES)
def test_a_thinned_timeline_keeps_every_peak_and_is_no_longer_than_the_trial(
    changes: list[tuple[float, int, int]],
) -> None:
    timeline = thin(changes)
    assert timeline is not None
    assert len(timeline.in_flight) == len(timeline.queued) <= POINTS + 1
    assert max(timeline.in_flight) == max(row[1] for row in changes)
    assert max(timeline.queued) == max(row[2] for row in changes)
    for at, in_flight, queued in changes:
        step = int(at / (timeline.step_ms / 1000))
        assert max(timeline.in_flight[max(0, step - 1) : step + 2]) >= in_flight
        assert max(timeline.queued[max(0, step - 1) : step + 2]) >= queued
    assert (len(timeline.in_flight) - 1) * timeline.step_ms <= changes[-1][0] * 1000 + 1e-6


OWN = OwnLog(arrived=200, executed=60, peak_in_flight=40, peak_queued=160, changes=[(0.0, 40, 160), (0.1, 0, 0)])


def test_of_a_database_of_ones_own_what_was_executed_is_a_hit_and_the_queue_is_apart(
    scenario: Scenario, observed: Callable[..., Observed]
) -> None:
    trial = fold(scenario, "none", 1, observed(db_hits=None, loads=200, own=OWN))
    assert (trial.db_hits, trial.loads) == (60, 200)
    assert (trial.db_peak_in_flight, trial.db_peak_queued) == (40, 160)
    assert trial.db_timeline.queued[0] == 160
    assert trial.valid, trial.reasons
    assert "140 of 200 loads got no connection and never reached the database: they are no DB hits" in trial.warnings


def test_strategies_and_connections_that_count_otherwise_make_a_trial_invalid(
    scenario: Scenario, observed: Callable[..., Observed]
) -> None:
    trial = fold(scenario, "none", 1, observed(db_hits=None, loads=201, own=OWN))
    assert not trial.valid
    assert "201 loads" in trial.reasons[0]


def test_of_two_percentiles_that_start_late_the_worse_one_counts(observed: MakeObserved) -> None:
    paced = reading.parse(
        "strategies = ['none']\nworkload = { arrivals = 'constant(rate=100,duration=1s)' }\ndatabase.latency = '1s'",
        "mine",
        "mine.toml",
    )
    recorder = Recorder()
    for number in range(100):
        late, felt = (0.15, 1.0) if number > 90 else (0.003, 0.004)
        row = recorder.intend(0, number / 100)
        recorder.started[row] = number / 100 + late
        recorder.answered(row, number / 100 + felt, Role.HIT, 1)
    trial = fold(paced, "none", 1, observed(requests=Requests.join({0: recorder.columns()}, 0.0)))
    assert not trial.valid
    (reason,) = trial.reasons
    assert "3.0 ms late (p50), which is 75% of the p50 shown" in reason
