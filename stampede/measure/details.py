"""What stands behind a trial's figures: errors by kind, and what plots and pages draw, thinned."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from stampede.measure import curve, staleness
from stampede.measure.epochs import Epochs
from stampede.measure.load import thin
from stampede.measure.observed import Observed
from stampede.measure.requests import Requests
from stampede.measure.sample import take
from stampede.measure.timing import by_role
from stampede.measure.trial import Details, Trial


def details(seen: Observed, number: int, lifetimes: Epochs | None, ages: NDArray[np.float64]) -> Details:
    """What stands behind the figures of trial `number`."""
    origin, log = seen.origin, seen.origin or seen.own
    return Details(
        error_messages=seen.errors,
        roles=by_role(seen.requests),
        epoch_loads=lifetimes.counts if lifetimes else {},
        db_timeline=thin(log.changes) if log else None,
        latency_curve=curve.thin(seen.requests.latency),
        staleness_timeline=staleness.thin(seen.requests, ages) if origin and origin.writes else None,
        sample=take(seen.requests) if number == 1 else None,
    )


def replot(trial: Trial, requests: Requests) -> Trial:
    """The trial, with what its plots take from single requests folded again from these."""
    sample = take(requests) if trial.trial == 1 else None
    return msgspec.structs.replace(trial, latency_curve=curve.thin(requests.latency), sample=sample)
