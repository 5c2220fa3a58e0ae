"""The whole latency distribution in about a hundred figures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from stampede.measure.columns import check_lengths

PER_DECADE = 25
"""Points for every factor of ten by which the tail gets rarer: enough for a smooth line on a log scale."""


class LatencyCurve(msgspec.Struct, frozen=True):
    """Latencies in ms, each with the share of requests that took longer: 1 for the minimum, 0 for the maximum.

    A tail that is rarer than one request in all says nothing, so a burst of 500 has a curve down to 1 in 500.
    """

    beyond: list[float]
    ms: list[float]

    def __post_init__(self) -> None:
        check_lengths(self.beyond, self.ms)


def thin(latency: NDArray[np.float64]) -> LatencyCurve | None:
    """Quantiles of latencies in seconds, in any order, evenly spaced in the logarithm of the tail; None of none."""
    if not len(latency):
        return None
    steps = np.arange(int(np.log10(len(latency)) * PER_DECADE) + 1)
    beyond = [*np.round(10.0 ** (-steps / PER_DECADE), 6).tolist(), 0.0]
    values = np.quantile(latency, 1.0 - np.array(beyond))
    return LatencyCurve(beyond, np.round(values * 1000, 3).tolist())


class Band(msgspec.Struct, frozen=True):
    """The curves of several trials, point by point: ms."""

    beyond: list[float]
    median: list[float]
    low: list[float]
    high: list[float]


def over_trials(curves: Sequence[LatencyCurve]) -> Band | None:
    """Medians and extremes where every trial has a figure: the shortest curve's points; None of no curve."""
    if not curves:
        return None
    shortest = min(curves, key=lambda curve: len(curve.beyond))
    known = [dict(zip(curve.beyond, curve.ms, strict=False)) for curve in curves]
    shared = [share for share in shortest.beyond if all(share in each for each in known)]
    rows = np.array([[each[share] for share in shared] for each in known]).reshape(len(known), len(shared))
    parts = (np.median(rows, axis=0), rows.min(axis=0), rows.max(axis=0))
    return Band(shared, *(np.round(part, 3).tolist() for part in parts))
