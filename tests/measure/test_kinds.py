"""Errors by kind."""

from __future__ import annotations

from stampede.measure.kinds import by_kind
from stampede.measure.records import Recorder


def test_what_differs_in_numbers_and_names_only_is_one_kind_shown_by_its_first() -> None:
    recorder = Recorder()
    for number in range(4510):
        recorder.failed(
            recorder.intend(number, 0.0), 1.0, f"Redis: ({number} 'stampede:t{number}') is at 10.0.0.{number}:6379"
        )
    recorder.failed(recorder.intend(0, 0.0), 1.0, "the database answers errors")
    assert recorder.columns().errors == {
        "Redis: (0 'stampede:t0') is at 10.0.0.0:6379": 4510,
        "the database answers errors": 1,
    }


def test_the_counts_of_instances_are_one() -> None:
    counted = by_kind([{"moved to 7001": 2, "gone": 1}, {"moved to 7002": 3}, {"gone": 4}])
    assert counted == {"moved to 7001": 5, "gone": 5}
