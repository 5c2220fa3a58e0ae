"""Time in steps, for plots over time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

POINTS = 100
SHORTEST_S = 0.001


def in_steps(times: NDArray[np.float64]) -> tuple[float, NDArray[np.intp]]:
    """The step in seconds, whole milliseconds, and the step's number (from 0) of each of (n,) times, n above 0.

    About 100 steps reach to the last time. What was before the release counts at the release.
    """
    times = np.maximum(times, 0.0)
    step = max(SHORTEST_S, math.ceil(times.max() / POINTS * 1000) / 1000)
    return step, (times / step).astype(np.intp)
