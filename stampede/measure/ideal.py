"""How many loads would do."""

from __future__ import annotations

import numpy as np

from stampede.measure.epochs import Epochs
from stampede.measure.requests import Requests
from stampede.scenario.model import Scenario


def ideal_hits(scenario: Scenario, requests: Requests, lifetimes: Epochs | None) -> int:
    """One load per key and epoch; a trial that starts warm and needs no load has none."""
    if lifetimes is not None and (lifetimes.epochs or scenario.cache.start == "warm"):
        return lifetimes.epochs
    return 0 if scenario.cache.start == "warm" else len(np.unique(requests.key))
