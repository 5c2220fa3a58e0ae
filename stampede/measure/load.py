"""The database's load over time, and the callers' waiting."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from stampede.core.model import Outcome, Role
from stampede.core.ranges import Positive
from stampede.measure.columns import check_lengths
from stampede.measure.requests import Requests
from stampede.measure.steps import in_steps

Changes = Sequence[tuple[float, int, int]]
"""Rows (seconds after the release, in flight, queued), one for every change."""


class Timeline(msgspec.Struct, frozen=True):
    """The database over time: the highest in-flight and queue of every step of `step_ms`, from the release.

    `left` is what was in flight and queued after the last change, and so until the end.
    """

    step_ms: Positive
    in_flight: list[int]
    queued: list[int]
    left: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        check_lengths(self.in_flight, self.queued)


def thin(changes: Changes) -> Timeline | None:
    """Reduce the database's changes to at most 100 steps, keeping every step's highest values."""
    if not changes:
        return None
    times, in_flight, queued = (np.array(column) for column in zip(*changes, strict=True))
    step, slots = in_steps(times)
    result = []
    for values in (in_flight, queued):
        peaks, last = [], 0
        for slot in range(slots[-1] + 1):
            here = values[slots == slot]
            peaks.append(int(max(last, here.max())) if len(here) else last)
            last = int(here[-1]) if len(here) else last
        result.append(peaks)
    return Timeline(step * 1000, result[0], result[1], (int(in_flight[-1]), int(queued[-1])))


def busy_s(changes: Changes, until: float) -> float:
    """Connection-seconds: how long the database's connections were busy until then, added up."""
    if not changes:
        return 0.0
    times, in_flight, _ = (np.array(column) for column in zip(*changes, strict=True))
    return float(np.sum(np.diff(np.minimum([*times, until], until)) * in_flight))


def most_waiters(requests: Requests) -> int:
    """The most callers at the same time that waited for somebody else's load, or in vain."""
    waited = ((requests.role == Role.WAITER) | (requests.outcome != Outcome.OK)) & ~np.isnan(requests.ended)
    moments = np.concatenate([requests.started[waited], requests.ended[waited]])
    steps = np.concatenate([np.ones(np.count_nonzero(waited)), -np.ones(np.count_nonzero(waited))])
    if not len(moments):
        return 0
    return int(np.cumsum(steps[np.argsort(moments, kind="stable")]).max())
