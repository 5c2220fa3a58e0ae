"""Published figures beside the measured ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stampede.core.metrics import In, shown_in
from stampede.measure.expected import Reproduced, reproduced
from stampede.measure.run import Run
from stampede.measure.statistics import interval_of_median
from stampede.measure.trial import Trial
from stampede.scenario import reading

TOML = """
strategies = ["none", "two-level"]
[[expected]]
strategy = "{strategy}"
metric = "{metric}"
value = {value}
within = {within}
source = "a paper"
"""


@pytest.fixture
def compared(trial: Callable[..., Trial]) -> Callable[..., list[Reproduced]]:
    """Compares one expected figure with one trial of `none`."""

    def compare(
        metric: str = "db_hits", value: float = 10, within: float = 0.0, strategy: str = "none", **seen: object
    ) -> list[Reproduced]:
        text = TOML.format(metric=metric, value=value, within=within, strategy=strategy)
        scenario = reading.parse(text, "mine", "mine.toml")
        run = Run(stampede="0", created="", environment={}, scenario=scenario, seed=1)
        run.trials = [trial(**seen)]
        return reproduced(run)

    return compare


@pytest.mark.parametrize(
    ("measured", "within", "agrees"),
    [(10, 0.0, True), (11, 0.0, False), (11, 0.1, True), (9, 0.1, True), (12, 0.1, False), (8, 0.1, False)],
)
def test_a_figure_agrees_within_its_share(
    compared: Callable[..., list[Reproduced]], measured: int, within: float, agrees: bool
) -> None:
    (row,) = compared(value=10, within=within, db_hits=measured)
    assert (row.measured, row.agrees) == (measured, agrees)
    assert row.ratio == pytest.approx(measured / 10)
    assert (row.strategy, row.metric, row.expected, row.source) == ("none", "db_hits", 10, "a paper")


def test_an_expected_nothing_has_no_ratio(compared: Callable[..., list[Reproduced]]) -> None:
    (row,) = compared(value=0, db_hits=0)
    assert (row.ratio, row.agrees) == (None, True)


def test_what_was_not_measured_does_not_agree(compared: Callable[..., list[Reproduced]]) -> None:
    (row,) = compared(metric="recovery_s", value=1, within=1.0)
    assert (row.measured, row.ratio, row.agrees) == (None, None, False)


def test_a_strategy_that_was_not_run_is_left_out(compared: Callable[..., list[Reproduced]]) -> None:
    assert compared(strategy="two-level") == []


def test_a_strategy_is_known_however_it_is_written(compared: Callable[..., list[Reproduced]]) -> None:
    assert [row.strategy for row in compared(strategy="ttl+none")] == ["none"]


@pytest.mark.parametrize("metric", shown_in(In.SUMMARY))
def test_every_metric_of_a_summary_can_be_expected(compared: Callable[..., list[Reproduced]], metric: str) -> None:
    (row,) = compared(metric=metric)
    assert row.metric == metric


def test_an_expected_figure_within_the_trials_own_interval_agrees(
    compared: Callable[..., list[Reproduced]],
) -> None:
    seen = {"metric": "loads_per_epoch_mean", "value": 2.72, "loads_per_epoch_mean": 2.5}
    assert compared(**seen, loads_per_epoch_ci95=0.3)[0].agrees
    assert not compared(**seen, loads_per_epoch_ci95=0.2)[0].agrees


def test_many_trials_know_their_mean_better_than_each_of_them(trial: Callable[..., Trial]) -> None:
    text = TOML.format(metric="loads_per_epoch_mean", value=2.72, within=0.0, strategy="none")
    run = Run(stampede="0", created="", environment={}, scenario=reading.parse(text, "mine", "mine.toml"), seed=1)
    run.trials = [trial(trial=n, loads_per_epoch_mean=2.5, loads_per_epoch_ci95=0.3) for n in range(1, 11)]
    assert not reproduced(run)[0].agrees


def test_the_interval_of_a_median_is_exact_and_needs_six_trials() -> None:
    assert interval_of_median([]) is None
    assert interval_of_median(range(5)) is None
    assert interval_of_median(range(6)) == (0, 5)
    assert interval_of_median([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]) == (1, 8)
    assert interval_of_median([4] * 10) == (4, 4)
