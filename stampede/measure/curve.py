"""The whole latency distribution in about a hundred figures."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

PER_DECADE = 25
"""Points for every factor of ten by which the tail gets rarer: enough for a smooth line on a log scale."""


class LatencyCurve(msgspec.Struct, frozen=True):
    """Latencies in ms, each with the share of requests that took longer: 1 for the minimum, 0 for the maximum.

    A tail that is rarer than one request in all says nothing, so a burst of 500 has a curve down to 1 in 500.
    """

    beyond: list[float]
    ms: list[float]


def thin(latency: NDArray[np.float64]) -> LatencyCurve | None:
    """Quantiles of latencies in seconds, in any order, evenly spaced in the logarithm of the tail; None of none."""
    if not len(latency):
        return None
    steps = np.arange(int(np.log10(len(latency)) * PER_DECADE) + 1)
    beyond = [*np.round(10.0 ** (-steps / PER_DECADE), 6).tolist(), 0.0]
    values = np.quantile(latency, 1.0 - np.array(beyond))
    return LatencyCurve(beyond, np.round(values * 1000, 3).tolist())
