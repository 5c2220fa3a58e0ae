"""Single requests of one trial, few enough to live in the JSON and to be drawn one by one."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from stampede.measure.columns import check_lengths
from stampede.measure.requests import Requests

LIMIT = 5000
DIGITS = 2
"""Of a millisecond: 10 µs."""


class Sample(msgspec.Struct, frozen=True):
    """Columns with one row per request, in the order of their starts; `of` is how many requests there were.

    Times are ms after the release, to 10 µs; `ended_ms` is None for a request that was never answered. `role` and
    `outcome` are the numbers of `stampede.core.model.Role` and `Outcome`.
    """

    of: int
    instance: list[int]
    started_ms: list[float]
    ended_ms: list[float | None]
    role: list[int]
    outcome: list[int]

    def __post_init__(self) -> None:
        check_lengths(self.instance, self.started_ms, self.ended_ms, self.role, self.outcome)


def take(requests: Requests, limit: int = LIMIT) -> Sample | None:
    """All requests that started, or `limit` of them, the rare roles whole: among 20,000 the one leader matters.

    None if none started.
    """
    started = np.flatnonzero(~np.isnan(requests.started))
    if not len(started):
        return None
    rows = started[_spare_the_rare(requests.role[started], limit)]
    rows = rows[np.argsort(requests.started[rows], kind="stable")]
    ended = np.round(requests.ended[rows] * 1000, DIGITS)
    return Sample(
        len(requests),
        requests.instance[rows].tolist(),
        np.round(requests.started[rows] * 1000, DIGITS).tolist(),
        [None if np.isnan(at) else at for at in ended.tolist()],
        requests.role[rows].tolist(),
        requests.outcome[rows].tolist(),
    )


def _spare_the_rare(roles: NDArray[np.int8], limit: int) -> NDArray[np.intp]:
    """Row numbers, `limit` at most: every role gets the same room, and leaves what it does not need to the next."""
    names, counts = np.unique(roles, return_counts=True)
    chosen, left = [], limit
    for done, which in enumerate(np.argsort(counts, kind="stable")):
        rows = np.flatnonzero(roles == names[which])
        room = min(len(rows), left // (len(names) - done))
        chosen.append(rows[np.linspace(0, len(rows) - 1, room).astype(int)])
        left -= room
    return np.sort(np.concatenate(chosen))
