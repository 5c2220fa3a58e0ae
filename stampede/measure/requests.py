"""The records of one trial as NumPy columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stampede.core.model import Outcome
from stampede.measure.records import Columns

TYPES = {
    "key": np.int32,
    "intended": np.float64,
    "started": np.float64,
    "ended": np.float64,
    "outcome": np.int8,
    "role": np.int8,
    "version": np.int32,
}


@dataclass(frozen=True)
class Requests:
    """One row per request; times are seconds after the trial's release, NaN where it never came to that."""

    instance: NDArray[np.int32]
    key: NDArray[np.int32]
    intended: NDArray[np.float64]
    started: NDArray[np.float64]
    ended: NDArray[np.float64]
    outcome: NDArray[np.int8]
    role: NDArray[np.int8]
    version: NDArray[np.int32]

    @classmethod
    def join(cls, parts: dict[int, Columns], released_at: float) -> Requests:
        """Put the columns of the instances (by number) one after the other."""
        columns: dict[str, Any] = {}
        for name, dtype in TYPES.items():
            arrays = [np.frombuffer(getattr(part, name), dtype) for part in parts.values()]
            columns[name] = np.concatenate(arrays) if arrays else np.empty(0, dtype)
        sizes = [len(part.key) // 4 for part in parts.values()]
        columns["instance"] = np.repeat(np.array(list(parts), np.int32), sizes)
        for name in ("intended", "started", "ended"):
            times = columns[name]
            columns[name] = np.where(times < 0, np.nan, times - released_at)
        return cls(**columns)

    def __len__(self) -> int:
        return len(self.key)

    def count(self, outcome: Outcome) -> int:
        """How many requests ended so."""
        return int(np.count_nonzero(self.outcome == outcome))

    @property
    def latency(self) -> NDArray[np.float64]:
        """Seconds from the intended start until the end was known, value or not: (n,), of all callers.

        Who was never heard of again counts as if until the last end of all: a lower bound of what it felt.
        """
        ends = self.ended[~np.isnan(self.ended)]
        last = max(float(ends.max(initial=0.0)), float(self.intended.max(initial=0.0)))
        latency: NDArray[np.float64] = np.where(np.isnan(self.ended), last, self.ended) - self.intended
        return latency

    @property
    def latency_of_values(self) -> NDArray[np.float64]:
        """Seconds from the intended start to the answer, of those that got a value."""
        done = self.outcome == Outcome.OK
        latency: NDArray[np.float64] = self.ended[done] - self.intended[done]
        return latency

    @property
    def failed(self) -> int:
        """How many got an error, or no answer in time."""
        return len(self) - self.count(Outcome.OK)
