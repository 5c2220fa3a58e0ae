"""Loads per key and epoch: one epoch is one lifetime of a key, from one expiry (or the cold start) to the next."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np


class Epochs(msgspec.Struct, frozen=True):
    """How many loads the epochs had; `counts` maps a number of loads to the number of epochs that had so many."""

    epochs: int
    mean: float
    maximum: int
    counts: dict[int, int]


def loads_per_epoch(loads: Iterable[tuple[str, float, float]]) -> list[int]:
    """The number of loads of each epoch, from rows (key, arrived, ended) in any order.

    An epoch's first finished load begins a new lifetime, so all loads of the key that arrived before it belong to the
    epoch, and the first that arrives after it begins the next.
    """
    by_key: dict[str, list[tuple[float, float]]] = {}
    for key, arrived, ended in loads:
        by_key.setdefault(key, []).append((arrived, ended))
    result = []
    for rows in by_key.values():
        rows.sort()
        count, first_end = 0, float("inf")
        for arrived, ended in rows:
            if count and arrived >= first_end:
                result.append(count)
                count, first_end = 0, float("inf")
            count += 1
            first_end = min(first_end, ended)
        result.append(count)
    return result


def fold(loads: Iterable[tuple[str, float, float]]) -> Epochs:
    """The distribution over all keys and epochs."""
    counts = loads_per_epoch(loads)
    if not counts:
        return Epochs(0, 0.0, 0, {})
    values, numbers = np.unique(counts, return_counts=True)
    table = dict(zip(values.tolist(), numbers.tolist(), strict=True))
    return Epochs(len(counts), round(float(np.mean(counts)), 4), max(counts), table)
