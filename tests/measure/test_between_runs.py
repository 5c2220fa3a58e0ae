"""How far identical runs differ beyond what their trials explain."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from stampede.measure.between_runs import Between, Spread
from stampede.measure.run import Run
from stampede.measure.runs import unpaired
from stampede.measure.statistics import Resampler
from stampede.measure.trial import Trial
from stampede.scenario.model import Scenario

P99, P50 = "latency_p99_ms", "latency_p50_ms"
MakeTrial = Callable[..., Trial]
MakeRuns = Callable[..., list[Run]]


@pytest.fixture
def repeated(trial: MakeTrial, scenario: Scenario) -> MakeRuns:
    """Makes runs of ten trials of two strategies that vary by 3 %, each off as a whole by `offset`."""

    def make(seed: int, offset: float, n: int = 6, **changes: object) -> list[Run]:
        rng, blank, runs = np.random.default_rng(seed), trial(), []
        for off in offset * rng.standard_normal(n):
            figures = {name: 100 * np.exp(off + 0.03 * rng.standard_normal(10)) for name in "ab"}
            trials = [
                msgspec.structs.replace(blank, **({"strategy": s, "trial": k, P99: float(ms)} | changes))
                for s, each in figures.items()
                for k, ms in enumerate(each, start=1)
            ]
            runs.append(Run(stampede="", created="", environment={}, scenario=scenario, seed=seed, trials=trials))
        return runs

    return make


def test_the_spread_is_what_the_trials_do_not_explain(repeated: MakeRuns) -> None:
    spreads = [Spread.of(P99, repeated(seed, 0.05, 30)) for seed in range(20)]
    assert np.mean([each.spread for each in spreads if each]) == pytest.approx(0.05, rel=0.1)
    assert np.mean([each.explained for each in spreads if each]) == pytest.approx(0.03 / math.sqrt(10), rel=0.25)


@pytest.mark.parametrize("offset", [0.0, 0.05])
def test_its_interval_holds_the_truth(repeated: MakeRuns, offset: float) -> None:
    spreads = [Spread.of(P99, repeated(seed, offset)) for seed in range(100)]
    assert sum(each.low <= offset <= each.high for each in spreads if each) >= 90


def test_nothing_is_said_of_one_run_or_of_invalid_trials(repeated: MakeRuns) -> None:
    assert Spread.of(P99, repeated(1, 0.05, 1)) is None
    assert Spread.of(P99, repeated(1, 0.05, valid=False)) is None


def test_a_metric_that_was_not_measured_has_the_widest_spread_that_was() -> None:
    narrow, wide = Spread(P50, 6, 0.01, 0.0, 0.02, 0.01), Spread(P99, 5, 0.03, 0.02, 0.05, 0.01)
    between = Between(measured={P50: narrow, P99: wide})
    assert between.at(P50) == (0.01, 5)
    assert between.at("failed") == between.at(P99) == (0.03, 4)
    assert Between(0.04).at(P99) == (0.04, math.inf)


def test_a_spread_that_few_runs_measured_widens_more_than_one_that_is_known() -> None:
    old, new = np.exp(0.01 * np.random.default_rng(1).standard_normal((2, 10)))
    known, measured = (unpaired([old], [new], Resampler(1), between=(0.03, df)) for df in (math.inf, 5))
    assert known is not None
    assert measured is not None
    assert measured.width > 1.2 * known.width
