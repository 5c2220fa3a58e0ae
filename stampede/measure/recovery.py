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
    """Seconds from the first event until the hit rate is back for good; 0: nothing was lost; None: it `never` was."""

    seconds: float | None = 0.0
    never: bool = False


def worst_window(control: Requests, since: float) -> float | None:
    """The lowest hit rate of a quarter of a second from then on, by an ordinary course of things; None: none asked.

    The window begins at any request, for a dip may lie across two windows of the control and within one of the trial.
    Those with fewer than half of the usual number of requests say little.
    """
    order = np.argsort(control.intended, kind="stable")
    at, hit = control.intended[order], _hits(control)[order]
    hit, at = hit[at >= since], at[at >= since]
    if not len(at):
        return None
    first, last = np.arange(len(at)), np.searchsorted(at, at + WINDOW_S)
    sums = np.concatenate([[0], np.cumsum(hit)])
    counts = last - first
    return float(((sums[last] - sums[first]) / counts)[counts >= np.median(counts) / 2].min())


def recovery(requests: Requests, struck_at: float, usual: float) -> Recovery:
    """When the hit rate is, for good, at least nine tenths of `usual` in every window with requests."""
    hits, totals = _windows(requests, struck_at)
    poor = np.flatnonzero((totals > 0) & (hits < ENOUGH * usual * totals))
    if not len(poor):
        return Recovery()
    recovered = int(poor[-1]) + 1
    return Recovery(None, never=True) if recovered >= LAST * len(totals) else Recovery(recovered * WINDOW_S)


def _windows(requests: Requests, since: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hits and requests of each window."""
    hit = _hits(requests)
    windows = np.floor((requests.intended - since) / WINDOW_S).astype(int)
    after = windows >= 0
    totals = np.bincount(windows[after]).astype(np.float64)
    return np.bincount(windows[after], weights=hit[after]).astype(np.float64), totals


def _hits(requests: Requests) -> NDArray[np.bool_]:
    at_once: NDArray[np.bool_] = (requests.outcome == Outcome.OK) & np.isin(requests.role, AT_ONCE)
    return at_once
