"""Does the hit rate come back after the trigger, and when?

Ordinary expiries make the hit rate dip, too. So it is held against what the same workload shows without the events:
a trial of its own, the control.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stampede.core.model import AT_ONCE, Outcome
from stampede.measure.requests import Requests

WINDOW_S = 0.25
ENOUGH = 0.9
LAST = 0.9
"""A lull at the end is no recovery: the last tenth of the trial must be well."""


class Recovery(NamedTuple):
    """`seconds` from the first event until the hit rate is back for good; None: nothing was lost, or it never was."""

    seconds: float | None = None
    never: bool = False


def worst_window(control: Requests, since: float) -> float | None:
    """The lowest hit rate of a quarter of a second with requests from then on, by an ordinary course of things."""
    hits, totals = _windows(control, since)
    asked = totals > 0
    return float((hits[asked] / totals[asked]).min()) if asked.any() else None


def recovery(requests: Requests, struck_at: float, usual: float) -> Recovery:
    """When the hit rate is, for good, at least nine tenths of `usual` in every window with requests."""
    hits, totals = _windows(requests, struck_at)
    poor = np.flatnonzero((totals > 0) & (hits < ENOUGH * usual * totals))
    if not len(poor):
        return Recovery()
    recovered = int(poor[-1]) + 1
    return Recovery(never=True) if recovered >= LAST * len(totals) else Recovery(recovered * WINDOW_S)


def _windows(requests: Requests, since: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hits and requests of each window."""
    hit = (requests.outcome == Outcome.OK) & np.isin(requests.role, AT_ONCE)
    windows = np.floor((requests.intended - since) / WINDOW_S).astype(int)
    after = windows >= 0
    totals = np.bincount(windows[after]).astype(np.float64)
    return np.bincount(windows[after], weights=hit[after]).astype(np.float64), totals
