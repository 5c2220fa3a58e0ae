"""What a machine can measure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stampede.measure.calibration import Calibration, Paired, SizeRow
from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.scenario.model import Scenario

MakeTrial = Callable[..., Trial]


def test_a_size_shows_medians_and_the_worst_of_its_trials(trial: MakeTrial) -> None:
    row = SizeRow.of(
        [
            trial(requests=100, arrival_spread_ms=1.0, latency_max_ms=5.0),
            trial(requests=100, arrival_spread_ms=9.0, latency_max_ms=4.0, valid=False),
            trial(requests=100, arrival_spread_ms=2.0, latency_max_ms=3.0),
        ]
    )
    assert (row.requests, row.trials, row.valid) == (100, 3, 2)
    assert (row.spread_ms, row.spread_max_ms, row.floor_max_ms) == (2.0, 9.0, 5.0)


def test_paired_rates_are_compared_pair_by_pair() -> None:
    paired = Paired.of([(40.0, 10.0), (20.0, 20.0), (90.0, 30.0)])
    assert (paired.store_per_s, paired.pool_per_s) == (40.0, 20.0)
    assert (paired.ratio, paired.ratio_min, paired.ratio_max) == (3.0, 1.0, 4.0)


@pytest.mark.parametrize(
    ("valid", "largest"),
    [([3, 3, 3], 400), ([3, 3, 2], 200), ([3, 2, 3], 100), ([2, 3, 3], None), ([], None)],
)
def test_the_largest_valid_burst_has_no_invalid_smaller_one(
    trial: MakeTrial, valid: list[int], largest: int | None
) -> None:
    run = Run(stampede="0", created="", environment={}, scenario=Scenario("mine"), seed=1)
    sizes = [
        SizeRow.of([trial(requests=100 * 2**place, valid=number < good) for number in range(3)])
        for place, good in enumerate(valid)
    ]
    assert Calibration(run, sizes).largest_valid == largest
