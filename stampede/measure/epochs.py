"""Loads per key and epoch: one epoch is one lifetime of a key, from one expiry (or the cold start) to the next."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from stampede.measure.distributions import t_quantile

CONFIDENCE = 0.95
VISIBLE = 0.1


class Epoch(NamedTuple):
    """One lifetime of a key: its loads, and in seconds when it began and when its first load had ended."""

    loads: int
    began: float
    first_end: float


class Epochs(msgspec.Struct, frozen=True):
    """How many loads the epochs had.

    `mean`, its 95 % interval (plus or minus `ci95`, None for fewer than two epochs) and `counts` (number of loads to
    number of epochs that had so many) leave out the epochs that the end of the trial cut short.
    """

    epochs: int
    mean: float
    ci95: float | None
    maximum: int
    counts: dict[int, int]


def loads_per_epoch(loads: Iterable[tuple[str, float, float]]) -> list[Epoch]:
    """The epochs, from rows (key, arrived, ended) in any order; a key's first one begins at 0, the release.

    An epoch's first finished load begins a new lifetime, so all loads of the key that arrived before it belong to the
    epoch, and the first that arrives after it begins the next. The value takes a moment to become visible, and who
    decided to load just before arrives just after: a tenth of the load's time is still counted to the old lifetime.
    """
    by_key: dict[str, list[tuple[float, float]]] = {}
    for key, arrived, ended in loads:
        by_key.setdefault(key, []).append((arrived, ended))
    result = []
    for rows in by_key.values():
        rows.sort()
        began, count, first_end, over = 0.0, 0, math.inf, math.inf
        for arrived, ended in rows:
            if count and arrived >= over:
                result.append(Epoch(count, began, first_end))
                began, count, first_end, over = first_end, 0, math.inf, math.inf
            count += 1
            if ended < first_end:
                first_end, over = ended, ended + VISIBLE * (ended - arrived)
        result.append(Epoch(count, began, first_end))
    return result


def fold(loads: Iterable[tuple[str, float, float]], until: float = math.inf, longest: float = 0.0) -> Epochs:
    """The distribution over all keys and epochs; those that were not over at `until` are not in it.

    Of the last ones the short would be over and the long not, and the short have fewer loads (under XFetch who
    volunteers early finds few others). So only epochs count that began early enough for the `longest` to be over; by
    Wald's identity their mean is not biased. Where the trial is too short for that, all count that were over.
    """
    found = loads_per_epoch(loads)
    over = [each for each in found if each.first_end <= until]
    counted = [each for each in over if each.began <= until - longest] or over or found
    counts = [each.loads for each in counted]
    if not counts:
        return Epochs(0, 0.0, None, 0, {})
    values, numbers = np.unique(counts, return_counts=True)
    table = dict(zip(values.tolist(), numbers.tolist(), strict=True))
    deviation = float(np.std(counts, ddof=1)) if len(counts) > 1 else None
    # Few epochs are the rule, and their spread is itself uncertain: Student's t, not the normal law.
    t = t_quantile(CONFIDENCE, len(counts) - 1) if deviation else 0.0
    ci95 = round(t * deviation / math.sqrt(len(counts)), 4) if deviation is not None else None
    return Epochs(len(found), round(float(np.mean(counts)), 4), ci95, max(counts), table)
