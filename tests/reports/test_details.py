"""What an engineer asks next: intervals, costs, and the latency by role."""

from __future__ import annotations

from collections.abc import Callable

from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.details import tables

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]


def test_figures_have_intervals_and_one_trial_is_labelled(run: MakeRun, trial: MakeTrial) -> None:
    trials = [trial(trial=n, db_hits=4, latency_p99_ms=100.0 + n) for n in range(1, 11)]
    (row,) = tables(run(*trials))[0].rows
    assert (row[1], row[3], row[-1]) == ("4", "106 [102, 109]", "10")
    (alone,) = tables(run(trials[0]))[0].rows
    assert alone[-1] == "one trial"


def test_costs_are_those_of_a_thousand_requests(run: MakeRun, trial: MakeTrial) -> None:
    cost = trial(requests=500, cpu_s=0.1, redis_cpu_s=0.01, redis_bytes=1_000_000)
    (row,) = tables(run(cost))[1].rows
    assert (row[1], row[2], row[4]) == ("200", "20", "2000")


def test_latency_is_split_by_what_became_of_a_request(run: MakeRun, trial: MakeTrial) -> None:
    one = trial()
    assert [row[1] for row in tables(run(one))[2].rows] == ["leader", "failed"]
    assert set(one.roles) == {"leader", "error"}


def test_percentiles_that_are_lower_bounds_are_marked_and_those_who_got_nothing_have_failed(
    run: MakeRun, trial: MakeTrial
) -> None:
    whole = run(trial(failed=300, timeouts=300))
    (row,) = tables(whole)[0].rows
    assert row[3].startswith("≥100")
    assert "failed" in {row[1] for row in tables(whole)[2].rows}


def test_the_point_of_a_sweep_has_columns_of_its_own(run: MakeRun, trial: MakeTrial) -> None:
    swept = run(*(trial(swept={"concurrency": size, "ttl": "1s"}) for size in ("100", "500")))
    for about, titles, words, rows in tables(swept):
        assert titles[:3] == ("strategy", "concur-\nrency", "ttl"), about
        assert {row[:3] for row in rows} == {("none", "100", "1s"), ("none", "500", "1s")}
        assert all(len(row) == len(titles) for row in rows)
        assert words in (3, 4)
