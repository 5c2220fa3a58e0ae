"""Two saved runs: better, worse, or it cannot be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.measure.between_runs import Between
from stampede.measure.condition import Condition
from stampede.measure.diff import Diff, diff
from stampede.measure.run import Run
from stampede.measure.summary import summarize
from stampede.measure.trial import Trial
from stampede.origins.latency import Latency
from stampede.scenario.model import FleetSetup, Scenario

MakeTrial = Callable[..., Trial]
MakeRun = Callable[..., Run]


@pytest.fixture
def run(trial: MakeTrial, scenario: Scenario) -> MakeRun:
    """Makes a run of ten trials of each strategy, whose latencies vary by 1 % and are `times` 100 ms."""

    def make(seed: int, times: float = 1.0, strategies: tuple[str, ...] = ("a",), n: int = 10, **changes: Any) -> Run:
        noise = 1 + 0.01 * np.random.default_rng(seed).standard_normal(n)
        blank = trial()
        trials = [
            msgspec.structs.replace(
                blank, **({"strategy": name, "trial": k, "latency_p99_ms": 100 * times * factor} | changes)
            )
            for k, factor in enumerate(noise, start=1)
            for name in strategies
        ]
        return Run(
            stampede="1",
            created="",
            environment={"cpus": 2},
            scenario=scenario,
            seed=seed,
            trials=trials,
            summary=summarize(trials),
        )

    return make


def verdicts(result: Diff) -> dict[str, str]:
    return {c.metric: c.verdict for each in result.strategies for c in each.changes}


@pytest.mark.parametrize(
    ("times", "verdict"), [(1.2, "worse"), (1.02, "cannot be told"), (1.0, "cannot be told"), (0.8, "better")]
)
def test_a_change_beyond_the_threshold_is_told(run: MakeRun, times: float, verdict: str) -> None:
    result = diff([run(1)], [run(2, times)], 0.05)
    assert verdicts(result)["latency_p99_ms"] == verdict
    assert result.worse is (verdict == "worse")


def test_more_throughput_is_better(run: MakeRun) -> None:
    assert (
        verdicts(diff([run(1, duration_s=0.2)], [run(2, duration_s=0.1)], 0.05, named=["throughput"]))["throughput"]
        == "better"
    )
    assert (
        verdicts(diff([run(1, duration_s=0.1)], [run(2, duration_s=0.2)], 0.05, named=["throughput"]))["throughput"]
        == "worse"
    )


def test_what_is_equal_in_all_trials_is_called_equal_and_errors_from_none_are_worse(run: MakeRun) -> None:
    result = diff([run(1, db_hits=4)], [run(2, db_hits=4, errors=9, failed=9)], 0.05)
    assert verdicts(result)["db_hits"] == "equal"
    assert (verdicts(result)["failed"], verdicts(result)["errors"]) == ("worse", "not judged")
    assert result.verdicts == ["a: worse: 19× more failures [18, 20.1]"]


def test_a_threshold_decides_how_much_is_too_much(run: MakeRun) -> None:
    assert verdicts(diff([run(1)], [run(2, 1.2)], 0.5))["latency_p99_ms"] == "same"
    assert verdicts(diff([run(1)], [run(2, 1.2)], 0.2))["latency_p99_ms"] == "cannot be told"
    assert verdicts(diff([run(1)], [run(2, 1.2)], 0.01))["latency_p99_ms"] == "worse"


def test_the_same_is_what_cannot_be_beyond_the_threshold(run: MakeRun) -> None:
    alike = Between(0.005)
    result = diff([run(1)], [run(2)], 0.05, alike)
    (p99,) = (c for c in result.strategies[0].changes if c.metric == "latency_p99_ms")
    assert p99.low is not None
    assert p99.high is not None
    assert 1 / 1.05 <= p99.low < p99.high <= 1.05
    assert result.verdicts == ["a: same within 5%"]
    assert not result.worse
    narrower = diff([run(1)], [run(2)], 0.01, alike)
    assert verdicts(narrower)["latency_p99_ms"] == "cannot be told"
    (said,) = narrower.verdicts
    assert said.startswith("a: DB hits, ")
    assert said.endswith(" same within 1%; p99 cannot be told better or worse")


def test_of_runs_that_differ_by_the_threshold_few_are_called_the_same(run: MakeRun) -> None:
    alike = Between(0.0001)
    told = [verdicts(diff([run(2 * n, n=6)], [run(2 * n + 1, 1.051, n=6)], 0.05, alike)) for n in range(100)]
    assert sum(each["latency_p99_ms"] == "same" for each in told) <= 5


def test_a_hundred_pairs_of_runs_of_the_same_are_told_apart_at_most_seven_times(run: MakeRun) -> None:
    told = [diff([run(2 * n, n=6)], [run(2 * n + 1, n=6)], 0.001) for n in range(100)]
    assert sum(any(v in ("better", "worse") for v in verdicts(result).values()) for result in told) <= 7


def test_invalid_trials_do_not_count_and_too_few_cannot_be_told(run: MakeRun) -> None:
    result = diff([run(1)], [run(2, 9, valid=False, reasons=["why"])], 0.05)
    assert (result.strategies[0].old, result.strategies[0].new) == (10, 0)
    assert set(verdicts(result).values()) == {"cannot be told"}
    assert "a strategy has only 0 valid trials on one side: measure with --trials 10 to tell more" in result.notes
    assert set(verdicts(diff([run(1, n=2)], [run(2, 9, n=2)], 0.05)).values()) == {"cannot be told"}


def test_strategies_of_one_run_only_are_named(run: MakeRun) -> None:
    result = diff([run(1, strategies=("a", "b"))], [run(2, strategies=("a", "c"))], 0.05)
    assert [each.strategy for each in result.strategies] == ["a"]
    assert result.notes[:-1] == ["b is in the old run only", "c is in the new run only"]
    with pytest.raises(UsageError, match="no strategy in common: a in one, b in the other"):
        diff([run(1)], [run(2, strategies=("b",))], 0.05)


def test_points_of_a_sweep_are_compared_with_their_like(run: MakeRun) -> None:
    result = diff([run(1, swept={"ttl": "1s"})], [run(2, swept={"ttl": "1s"})], 0.05)
    assert [each.strategy for each in result.strategies] == ["a ttl=1s"]


def test_other_settings_are_noted_and_other_scenarios_refused(run: MakeRun) -> None:
    old, new = run(1), run(2)
    database = msgspec.structs.replace(new.scenario.database, latency=Latency(Duration(0.12)))
    new.scenario = msgspec.structs.replace(new.scenario, database=database, trials=77)
    new.environment["cpus"] = 4
    assert diff([old], [new], 0.05).notes[:-1] == [
        "setting database.latency differs: 100ms in the old run, 120ms in the new one",
        "environment cpus differs: 2 in the old run, 4 in the new one",
    ]
    new.scenario = msgspec.structs.replace(new.scenario, name="other")
    with pytest.raises(UsageError, match="'mine', the other of 'other': compare runs of the same scenario"):
        diff([old], [new], 0.05)


def test_a_gate_reads_the_ratios(run: MakeRun) -> None:
    each = diff([run(1)], [run(2, 1.2, n=2)], 0.05).strategies[0]
    assert each.figures()["latency_p99_ms"] == pytest.approx(1.2, rel=0.02)
    gate = Condition.parse("latency_p99_ms > 1.1", each.figures(), ["a"], timed=False)
    assert len(gate.failures({"a": each.figures()})) == 1


def test_one_run_a_side_is_widened_by_a_stated_spread_and_several_by_their_own(run: MakeRun) -> None:
    olds, news = ([run(seed + k, 1 + 0.04 * k) for k in range(3)] for seed in (1, 4))

    def width(result: Diff) -> float:
        (p99,) = (c for c in result.strategies[0].changes if c.metric == "latency_p99_ms")
        assert p99.low is not None
        assert p99.high is not None
        return p99.high / p99.low

    plain = diff(olds[:1], news[:1], 0.05)
    wide = diff(olds[:1], news[:1], 0.05, between=Between(0.1))
    several = diff(olds, news, 0.05)
    assert width(plain) < width(several)
    assert width(plain) < width(wide)
    assert plain.notes[-1].startswith("one run a side: intervals are widened for runs that differ by 2%")
    assert several.notes[-1] == "the spread between runs is measured: 3 old, 3 new"
    assert (several.strategies[0].old, several.strategies[0].new) == (30, 30)


def test_a_fifth_of_trials_ten_times_slower_is_worse(run: MakeRun) -> None:
    old, new = run(1, n=40, latency_max_ms=100.0), run(2, n=40, latency_max_ms=100.0)
    new.trials = [msgspec.structs.replace(t, latency_max_ms=1000.0) if t.trial % 5 == 0 else t for t in new.trials]
    result = diff([old], [new], 0.05)
    assert result.verdicts == ["a: worse: max 10× higher (8 bad trials, not 0)"]


def test_another_way_of_redis_commands_is_noted(run: MakeRun) -> None:
    new = run(2)
    new.scenario = msgspec.structs.replace(new.scenario, fleet=FleetSetup(redis_pool=50))
    noted = "setting fleet.redis_pool differs: 0 in the old run, 50 in the new one"
    assert noted in diff([run(1)], [new], 0.05).notes


def test_a_run_of_an_older_schema_is_noted(run: MakeRun) -> None:
    older = msgspec.structs.replace(run(1), schema=1)
    assert any("older version" in note for note in diff([older], [run(2)], 0.05).notes)
