"""How old the answers were, against the origin's versions."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from stampede.core.model import Outcome
from stampede.core.ranges import Positive
from stampede.measure.columns import check_lengths
from stampede.measure.requests import Requests
from stampede.measure.steps import in_steps


class StalenessTimeline(msgspec.Struct, frozen=True):
    """For every step of `step_ms` from the release: the oldest answer's age in ms, and how many were outdated."""

    step_ms: Positive
    max_ms: list[float]
    stale: list[int]

    def __post_init__(self) -> None:
        check_lengths(self.max_ms, self.stale)


def ages(requests: Requests, writes: Iterable[tuple[int, int, float]]) -> NDArray[np.float64]:
    """Seconds for which each answered request's value had been outdated when the request began; 0: it was current.

    `writes` are rows (key number, version, seconds after the release): the write that made this version. A request
    that began before a write may well be answered with the version before it.
    """
    times: dict[int, list[float]] = {}
    for key, _, at in sorted(writes, key=lambda row: row[1]):
        times.setdefault(key, []).append(at)
    answered = requests.outcome == Outcome.OK
    result = np.zeros(int(np.count_nonzero(answered)))
    keys, versions, started = requests.key[answered], requests.version[answered], requests.started[answered]
    for key, written in times.items():
        mine = np.flatnonzero(keys == key)
        moments = np.array(written)
        # Version v is replaced by the write number v (from 1), at moments[v - 1].
        replaced = versions[mine] - 1
        outdated = replaced < len(moments)
        since = np.full(len(mine), np.inf)
        since[outdated] = moments[replaced[outdated]]
        result[mine] = np.maximum(0.0, started[mine] - since)
    return result


def thin(requests: Requests, ages: NDArray[np.float64]) -> StalenessTimeline | None:
    """The ages that `ages` found, at the requests' starts, in at most 101 steps; None if nobody got a value."""
    if not len(ages):
        return None
    step, slots = in_steps(requests.started[requests.outcome == Outcome.OK])
    oldest = np.zeros(slots.max() + 1)
    np.maximum.at(oldest, slots, ages)
    stale = np.bincount(slots, weights=ages > 0)
    return StalenessTimeline(step * 1000, np.round(oldest * 1000, 3).tolist(), stale.astype(int).tolist())
