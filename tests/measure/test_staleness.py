"""How old the answers were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.model import Role
from stampede.measure.records import Recorder
from stampede.measure.requests import Requests
from stampede.measure.staleness import ages

Asked = tuple[int, float, int]


def answered(*asked: Asked) -> Requests:
    """Requests as (key, seconds after the release, version), each answered 0.5 s later."""
    recorder = Recorder()
    for key, at, version in asked:
        row = recorder.intend(key, 1000.0 + at)
        recorder.started[row] = 1000.0 + at
        recorder.answered(row, 1000.5 + at, Role.HIT, version)
    return Requests.join({0: recorder.columns()}, 1000.0)


WRITES = [(0, 2, 2.0), (0, 3, 5.0), (7, 2, 1.0)]
"""Key 0 has version 2 from 2 s and version 3 from 5 s on, key 7 version 2 from 1 s on; the first version is 1."""


@pytest.mark.parametrize(
    ("asked", "age"),
    [
        ((0, 0.0, 1), 0.0),
        ((0, 1.9, 1), 0.0),  # the write came while it was answered
        ((0, 3.0, 1), 1.0),  # outdated for a second when it began
        ((0, 3.0, 2), 0.0),
        ((0, 6.0, 1), 4.0),  # since the first write that it does not show
        ((0, 6.0, 2), 1.0),
        ((0, 6.0, 3), 0.0),
        ((7, 6.0, 1), 5.0),
        ((3, 6.0, 1), 0.0),  # never written
    ],
)
def test_an_answer_is_as_old_as_the_write_that_replaced_it(asked: Asked, age: float) -> None:
    assert ages(answered(asked), WRITES).tolist() == pytest.approx([age])


def test_without_writes_everything_is_current() -> None:
    assert ages(answered((0, 1.0, 1), (1, 2.0, 1)), []).tolist() == [0.0, 0.0]


def test_requests_that_got_no_value_have_no_age() -> None:
    recorder = Recorder()
    for row in (recorder.intend(0, 1003.0), recorder.intend(0, 1003.0)):
        recorder.started[row] = 1003.0
    recorder.failed(0, 1003.5, "no")
    recorder.gave_up(1, 1003.5)
    assert ages(Requests.join({0: recorder.columns()}, 1000.0), WRITES).tolist() == []


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 20), st.integers(1, 5)), max_size=30),
    st.lists(st.floats(0, 20), max_size=6),
)
def test_the_order_of_writes_and_requests_does_not_matter(asked: list[Asked], moments: list[float]) -> None:
    writes = [(0, number + 2, moment) for number, moment in enumerate(sorted(moments))]
    found = ages(answered(*asked), writes)
    assert ages(answered(*asked), list(reversed(writes))).tolist() == found.tolist()
    assert ages(answered(*reversed(asked)), writes).tolist() == found.tolist()[::-1]
    assert (found >= 0).all()
    assert all(age <= at + 1e-6 for age, (_, at, _) in zip(found, asked, strict=True))
