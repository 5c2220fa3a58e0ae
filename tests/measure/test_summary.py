"""Many trials as one row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stampede.core.metrics import METRICS, In, shown_in
from stampede.measure.summary import Spread, summarize
from stampede.measure.trial import Trial

MakeTrial = Callable[..., Trial]


def test_a_row_shows_the_median_of_the_trials_and_their_range(trial: MakeTrial) -> None:
    (row,) = summarize([trial(trial=n, latency_p50_ms=ms) for n, ms in enumerate((10.0, 90.0, 20.0))])
    assert row.metrics["latency_p50_ms"] == Spread(20.0, 10.0, 90.0)
    assert row.value("latency_p50_ms") == 20.0
    assert (row.trials, row.valid) == (3, 3)


def test_the_median_of_an_even_number_lies_between(trial: MakeTrial) -> None:
    (row,) = summarize([trial(db_hits=hits) for hits in (1, 4)])
    assert row.value("db_hits") == 2.5


def test_the_maximum_is_the_maximum_of_all_trials_and_never_a_median(trial: MakeTrial) -> None:
    (row,) = summarize([trial(latency_max_ms=ms) for ms in (100.0, 900.0, 110.0)])
    assert row.value("latency_max_ms") == 900.0


def test_invalid_trials_do_not_count_while_there_are_valid_ones(trial: MakeTrial) -> None:
    (row,) = summarize(
        [
            trial(latency_p99_ms=10.0),
            trial(latency_p99_ms=999.0, latency_max_ms=999.0, valid=False, reasons=["why"], warnings=["unheard"]),
            trial(latency_p99_ms=30.0, warnings=["heard"]),
        ]
    )
    assert row.metrics["latency_p99_ms"] == Spread(20.0, 10.0, 30.0)
    assert row.value("latency_max_ms") == pytest.approx(100)
    assert (row.trials, row.valid) == (3, 2)
    assert row.reasons == ["why"]
    assert row.warnings == ["heard"]


def test_without_a_valid_trial_all_count_and_the_row_says_so(trial: MakeTrial) -> None:
    (row,) = summarize([trial(db_hits=hits, valid=False, reasons=["why"]) for hits in (3, 5, 9)])
    assert row.value("db_hits") == 5
    assert (row.trials, row.valid, row.reasons) == (3, 0, ["why"])


def test_a_latency_that_no_trial_has_is_no_metric(trial: MakeTrial) -> None:
    (row,) = summarize([trial(latency_p50_ms=None), trial(latency_p50_ms=None)])
    assert row.value("latency_p50_ms") is None
    (row,) = summarize([trial(latency_p50_ms=None), trial(latency_p50_ms=7.0)])
    assert row.value("latency_p50_ms") == 7.0


def test_rows_are_grouped_by_scenario_and_strategy_in_the_order_of_their_first_trials(trial: MakeTrial) -> None:
    order = [("one", "b"), ("one", "a"), ("one", "b"), ("two", "b"), ("one", "a")]
    rows = summarize([trial(scenario=scenario, strategy=strategy) for scenario, strategy in order])
    assert [(row.scenario, row.strategy, row.trials) for row in rows] == [
        ("one", "b", 2),
        ("one", "a", 2),
        ("two", "b", 1),
    ]


def test_nothing_sums_up_to_nothing() -> None:
    assert summarize([]) == []


@pytest.mark.parametrize(
    ("count", "quantile", "enough"),
    [(10, 0.5, True), (9, 0.5, False), (50, 0.9, True), (49, 0.9, False), (500, 0.99, True), (499, 0.99, False)],
)
def test_a_percentile_rests_on_enough_with_five_requests_beyond_it(
    trial: MakeTrial, count: int, quantile: float, enough: bool
) -> None:
    (row,) = summarize([trial(requests=count)])
    assert row.rests_on_enough(quantile) is enough


def test_every_metric_is_something_that_a_trial_has(trial: MakeTrial) -> None:
    (row,) = summarize([trial()])
    assert set(row.metrics) <= set(shown_in(In.SUMMARY))
    assert all(hasattr(trial(), name) for name in METRICS)


def test_warnings_that_differ_in_figures_only_are_one(trial: MakeTrial) -> None:
    busy = [f"other programs took {share}% of the processors" for share in (30, 47)]
    trials = [trial(trial=1, warnings=[busy[0], "arrival spread 13 ms"]), trial(trial=2, warnings=busy[1:])]
    (row,) = summarize(trials)
    assert row.warnings == ["in 2 trials: other programs took 30% of the processors", "arrival spread 13 ms"]
