"""Does the hit rate come back after the trigger, and when?"""

from __future__ import annotations

import numpy as np

from stampede.core.model import AT_ONCE, Outcome
from stampede.measure.requests import Requests

WINDOW_S = 0.25
ENOUGH = 0.9


def recovery(requests: Requests, struck_at: float) -> float | None:
    """Seconds from the first event until the hit rate is back for good; None: not within the trial.

    Back means: at least nine tenths of what it was before the event, in every quarter of a second with requests from
    then on. The last tenth of the trial must be among them, so that a lull at the end is no recovery.
    """
    hit = (requests.outcome == Outcome.OK) & np.isin(requests.role, AT_ONCE)
    before = requests.intended < struck_at
    usual = float(np.mean(hit[before])) if before.any() else 1.0
    windows = np.floor((requests.intended - struck_at) / WINDOW_S).astype(int)
    after = windows >= 0
    if not after.any():
        return None
    totals = np.bincount(windows[after])
    hits = np.bincount(windows[after], weights=hit[after])
    asked = totals > 0
    poor = np.flatnonzero(asked & (hits < ENOUGH * usual * totals))
    recovered = int(poor[-1]) + 1 if len(poor) else 0
    if recovered >= 0.9 * len(totals):
        return None
    return recovered * WINDOW_S
