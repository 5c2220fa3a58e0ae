"""The sentence below the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.words import sentence

NOTHING: dict[str, Any] = {"ok": 0, "timeouts": 500, "failed": 500, "ok_p50_ms": None, "ok_p99_ms": None}

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]


def trials(make: MakeTrial, strategy: str, p99_ms: float, count: int = 12, **more: Any) -> list[Trial]:
    """So many trials, a per cent apart at most."""
    return [
        make(strategy=strategy, trial=n + 1, latency_p99_ms=p99_ms * (1 + 0.001 * (n % 10)), **more)
        for n in range(count)
    ]


def test_as_many_hits_as_instances_are_no_promise_of_who_coalesces_nothing(run: MakeRun, trial: MakeTrial) -> None:
    seen = run(*trials(trial, "xfetch", 105.0, db_hits=4), *trials(trial, "single-flight", 105.0, db_hits=4))
    assert "; single-flight left one per instance, 4" in f"; {sentence(seen)}"


def test_a_stampede_is_named_with_its_figures(run: MakeRun, trial: MakeTrial) -> None:
    text = sentence(
        run(
            *trials(trial, "none", 2500.0, db_hits=500),
            *trials(trial, "single-flight", 105.0, db_hits=4),
            *trials(trial, "redis-lock", 180.0),
            *trials(trial, "two-level", 102.0),
        )
    )
    assert "With none 500 requests became 500 DB hits where 1 would do (p99 2,509 ms)" in text
    assert "single-flight left one per instance, 4" in text
    assert "redis-lock and two-level reached the ideal 1" in text
    assert "Of the 2 that spared the database most, two-level had the lowest p99: 102 ms" in text


def test_a_winner_needs_trials_that_are_apart(run: MakeRun, trial: MakeTrial) -> None:
    few = run(*trials(trial, "redis-lock", 180.0, 2), *trials(trial, "two-level", 102.0, 2))
    assert "no difference in p99 is shown between two-level and redis-lock: 102 to 180 ms" in sentence(few)
    alike = run(*trials(trial, "redis-lock", 102.1), *trials(trial, "two-level", 102.0))
    assert "no difference in p99 is shown" in sentence(alike)


def test_who_fails_callers_is_named_first_and_never_recommended(run: MakeRun, trial: MakeTrial) -> None:
    failing = {"failed": 300, "timeouts": 300, "ok": 200}
    text = sentence(run(*trials(trial, "none", 90.0, **failing), *trials(trial, "two-level", 200.0)))
    assert text.startswith("With none 300 of 500 callers got no value. ")
    assert text.endswith("two-level had p99 201 ms.") or "two-level had p99 201 ms in front" in text


@pytest.mark.parametrize("trouble", [{"store_errors": 6}, {"degraded": 6}])
def test_where_the_store_failed_nobody_is_recommended(
    run: MakeRun, trial: MakeTrial, trouble: dict[str, int]
) -> None:  # fmt: skip
    # Who needs least of the store is measured well, and is not better for that.
    well = trials(trial, "single-flight", 105.0, db_hits=4)
    text = sentence(run(*well, *trials(trial, "two-level", 102.0, valid=False, **trouble)))
    assert text.endswith("No strategy is recommended, for the store failed and no event asked for that.")
    assert "lowest" not in text
    assert "had p99" in sentence(run(*well, *trials(trial, "two-level", 102.0, valid=False, store_errors=5)))


def test_a_stale_answer_may_cost_less_than_the_ideal(run: MakeRun, trial: MakeTrial) -> None:
    text = sentence(
        run(
            trial(db_hits=1158, db_hits_ideal=10),
            trial(strategy="swr+two-level", db_hits=9, db_hits_ideal=10),
            trial(strategy="two-level", db_hits=10, db_hits_ideal=10),
        )
    )
    assert "swr+two-level and two-level reached the ideal 10" in text


def test_few_loads_for_callers_without_a_value_are_not_the_ideal(run: MakeRun, trial: MakeTrial) -> None:
    failing = trial(strategy="redis-lock", db_hits=8, db_hits_ideal=10, failed=180, errors=180, ok=320)
    few = trial(strategy="near+two-level", db_hits=10, db_hits_ideal=10, failed=5, errors=5, ok=495)
    text = sentence(run(failing, trial(strategy="two-level", db_hits=10, db_hits_ideal=10), few))
    assert "With redis-lock 180 of 500 callers got no value. " in text
    assert "two-level and near+two-level reached the ideal 10" in text
    assert "redis-lock and" not in text
    text = sentence(run(failing, trial(strategy="two-level", db_hits=11, db_hits_ideal=10)))
    assert "two-level came nearest to the ideal, 11 DB hits where 10 would do" in text


def test_where_nobody_reached_the_ideal_the_nearest_is_named(run: MakeRun, trial: MakeTrial) -> None:
    text = sentence(
        run(trial(db_hits=331, db_hits_ideal=203), trial(strategy="xfetch", db_hits=456, db_hits_ideal=367))
    )
    assert text.startswith("xfetch came nearest to the ideal, 456 DB hits where 367 would do. ")


def test_an_own_database_is_not_said_to_take_what_the_scenario_says(run: MakeRun, trial: MakeTrial) -> None:
    fake = {"database": "fake-slow SQLite"}
    own = {"database": "postgresql+asyncpg://me:***@host/db"}
    assert "a database that takes 100ms" in sentence(run(trial(), environment=fake))
    assert "100ms" not in sentence(run(trial(), environment=own))


def test_without_a_valid_trial_nothing_is_claimed(run: MakeRun, trial: MakeTrial) -> None:
    text = sentence(run(trial(valid=False, reasons=["why"]), trial(strategy="two-level", valid=False)))
    assert text == "No trial is valid, so nothing can be said about the strategies."


def test_an_invalid_strategy_is_not_compared(run: MakeRun, trial: MakeTrial) -> None:
    text = sentence(run(trial(latency_p99_ms=1.0, valid=False), trial(strategy="two-level", latency_p99_ms=102.0)))
    assert "none" not in text
    assert "two-level" in text


def test_a_warm_run_speaks_of_hits(run: MakeRun, trial: MakeTrial) -> None:
    warm = {"db_hits_ideal": 0, "db_hits": 0}
    text = sentence(run(trial(latency_p99_ms=9.0, **warm), trial(strategy="two-level", latency_p99_ms=5.0, **warm)))
    assert text == "Everybody hit and the database saw no load; p99 5 ms with two-level, 9 ms with none."
    loaded = {"db_hits_ideal": 0, "db_hits": 3}
    assert "the database was hit with none" in sentence(run(trial(**loaded)))


def test_when_nobody_got_a_value_that_is_said(run: MakeRun, trial: MakeTrial) -> None:
    assert "Nobody got a value" in sentence(run(trial(**NOTHING)))
    both = run(trial(db_hits=500, **NOTHING), trial(strategy="two-level", **NOTHING))
    assert "Nobody got a value" in sentence(both)


def test_a_warm_run_in_which_nobody_got_a_value_claims_no_hits(run: MakeRun, trial: MakeTrial) -> None:
    assert "Everybody hit" not in sentence(run(trial(db_hits=0, db_hits_ideal=0, **NOTHING)))


def test_a_stampede_in_which_nobody_got_a_value_is_still_named(run: MakeRun, trial: MakeTrial) -> None:
    text = sentence(run(trial(db_hits=500, **NOTHING), trial(strategy="two-level")))
    assert "With none 500 requests became 500 DB hits" in text


def test_that_one_strategy_got_no_value_is_not_said_of_all(run: MakeRun, trial: MakeTrial) -> None:
    text = sentence(run(trial(db_hits=500), trial(strategy="two-level", **NOTHING)))
    assert "Nobody got a value" not in text
    assert text.startswith("With two-level 500 of 500 callers got no value. ")


def test_nothing_measured_is_nothing_said(run: MakeRun) -> None:
    assert sentence(run()) == "Nothing was measured."
