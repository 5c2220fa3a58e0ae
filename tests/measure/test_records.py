"""Raw records, and their way into columns."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stampede.core.model import Outcome, Role
from stampede.measure.records import Columns, Recorder
from stampede.measure.requests import Requests

RELEASE = 1000.0
TIMES = st.floats(0, 100)
INT32 = st.integers(0, 2**31 - 1)


class Made(NamedTuple):
    """A request as a test wants it; None is a time that never came."""

    key: int
    intended: float
    started: float | None = None
    ended: float | None = None
    outcome: Outcome = Outcome.TIMEOUT
    role: Role = Role.ERROR
    version: int = 0


UNANSWERED = st.tuples(INT32, TIMES, st.none() | TIMES)
FAILED = st.tuples(INT32, TIMES, TIMES, TIMES, st.just(Outcome.ERROR))
ROLES = st.sampled_from([role for role in Role if role is not Role.ERROR])
ANSWERED = st.tuples(INT32, TIMES, TIMES, TIMES, st.just(Outcome.OK), ROLES, INT32)
REQUESTS = st.one_of(UNANSWERED, FAILED, ANSWERED).map(lambda fields: Made(*fields))
FLEETS = st.dictionaries(st.integers(0, 63), st.lists(REQUESTS, max_size=8), max_size=3)


def record(*rows: Made) -> Recorder:
    recorder = Recorder()
    for made in rows:
        row = recorder.intend(made.key, RELEASE + made.intended)
        if made.started is not None:
            recorder.started[row] = RELEASE + made.started
        if made.outcome is Outcome.OK:
            recorder.answered(row, RELEASE + (made.ended or 0), made.role, made.version)
        elif made.outcome is Outcome.ERROR:
            recorder.failed(row, RELEASE + (made.ended or 0), "no")
    return recorder


def same(column: NDArray[np.float64], times: list[float | None]) -> bool:
    expected = [math.nan if time is None else time for time in times]
    return np.allclose(column, expected, atol=1e-9, equal_nan=True)


@given(FLEETS)
def test_what_was_recorded_comes_back_as_columns(fleet: dict[int, list[Made]]) -> None:
    sent = {number: msgspec.msgpack.encode(record(*rows).columns()) for number, rows in fleet.items()}
    parts = {number: msgspec.msgpack.decode(data, type=Columns) for number, data in sent.items()}
    requests = Requests.join(parts, RELEASE)
    flat = [made for rows in fleet.values() for made in rows]
    assert len(requests) == len(flat)
    assert requests.instance.tolist() == [number for number, rows in fleet.items() for _ in rows]
    for name in ("key", "outcome", "role", "version"):
        assert getattr(requests, name).tolist() == [getattr(made, name) for made in flat]
    for name in ("intended", "started", "ended"):
        assert same(getattr(requests, name), [getattr(made, name) for made in flat])
    for outcome in Outcome:
        assert requests.count(outcome) == sum(made.outcome is outcome for made in flat)


def test_a_request_that_was_never_answered_is_a_timeout_without_an_end() -> None:
    recorder = Recorder()
    recorder.intend(3, RELEASE)
    requests = Requests.join({5: recorder.columns()}, RELEASE)
    assert requests.outcome.tolist() == [Outcome.TIMEOUT]
    assert requests.intended.tolist() == [0.0]
    assert np.isnan(requests.started).all()
    assert np.isnan(requests.ended).all()
    assert requests.instance.tolist() == [5]


def test_latency_counts_from_the_intended_start_until_the_end_was_known() -> None:
    recorder = record(
        Made(0, 0.0, 0.5, 1.0, Outcome.OK, Role.HIT, 1),
        Made(0, 2.0, 2.1, 2.5, Outcome.OK, Role.LEADER, 1),
        Made(0, 0.0, 0.0, 9.0, Outcome.ERROR),
        Made(0, 0.0),
    )
    requests = Requests.join({0: recorder.columns()}, RELEASE)
    assert requests.latency.tolist() == [1.0, 0.5, 9.0, 9.0], "who was never heard of counts until the last end"
    assert requests.latency_of_values.tolist() == [1.0, 0.5]
    assert requests.failed == 2


def test_errors_are_counted_by_their_message() -> None:
    recorder = Recorder()
    for message in ("no", "no", "never"):
        recorder.failed(recorder.intend(0, RELEASE), RELEASE, message)
    assert recorder.columns().errors == {"no": 2, "never": 1}
    assert len(recorder) == 3


def test_a_fleet_of_which_nobody_is_left_has_no_requests() -> None:
    requests = Requests.join({}, RELEASE)
    assert len(requests) == 0
    assert len(requests.latency) == 0
