"""What a burst did, and what a test may demand of it."""

from __future__ import annotations

from collections import Counter
from statistics import quantiles
from typing import Any

from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.measure import validity
from stampede.measure.validity import rests_on_enough
from stampede.testing.callers import Call
from stampede.testing.parsing import parsed

UNSAID: Any = object()


class Burst:
    """What a burst did: `loads` and `peak` as the loaders counted them; latencies from the release, in ms.

    `reasons` says why it is INVALID, `warnings` why its figures may flatter. The percentiles are those of the
    callers that got an answer, None if nobody did.
    """

    def __init__(self, calls: list[Call], loads: int, peak: int, latency: float) -> None:
        self.calls = calls
        self.loads = loads
        self.peak = peak
        answered = [call for call in calls if call.ended is not None and call.error is None]
        self.answers = [call.answer for call in answered]
        self._latencies = sorted(1000 * (call.ended or 0.0) for call in answered)
        self.error_messages = Counter(_felt(call, "no answer") for call in calls if call not in answered)
        starts = [call.started for call in calls if call.started is not None]
        self.spread_ms = 1000 * (max(starts) - min(starts))
        self.reasons, self.warnings = validity.sorted_out(validity.spread(self.spread_ms / 1000, latency))

    @property
    def errors(self) -> int:
        """Callers that got an error, or no answer in time."""
        return len(self.calls) - len(self.answers)

    @property
    def p50_ms(self) -> float | None:
        """Half of the callers had their answer by then."""
        return self._quantile(50)

    @property
    def p99_ms(self) -> float | None:
        """99 of 100 callers had their answer by then; with fewer than 500 callers close to the slowest one."""
        return self._quantile(99)

    @property
    def max_ms(self) -> float | None:
        """The slowest caller's wait."""
        return self._latencies[-1] if self._latencies else None

    def check(
        self,
        *,
        loads: int | None = UNSAID,
        loads_at_most: int | None = None,
        errors: int | None = 0,
        p99: str | None = None,
    ) -> None:
        """Demand a number of loads, at most so many errors and at most that p99, and a burst that was true.

        `loads` is exact, and 1 if nothing is said of loads; `loads_at_most` may be said instead. None demands
        nothing: `check(loads=None)` is about errors only.

        Raises:
            AssertionError: something is not as demanded, or the measurement is INVALID; with the table.
            UsageError: `p99` is no duration, or both kinds of loads are demanded.
        """
        __tracebackhide__ = True
        exact = loads is not UNSAID and loads is not None
        if exact and loads_at_most is not None:
            raise UsageError("loads=n is exact and loads_at_most=n is a bound: demand one of them")
        if loads is UNSAID:
            loads = 1 if loads_at_most is None else None
        limit = None if p99 is None else parsed(Duration.parse, p99)
        problems = [*self._of_loads(loads, loads_at_most), *self._of_callers(errors, limit)]
        problems += [
            f"INVALID: {reason}, which can hide a stampede: lower the concurrency" for reason in self.reasons
        ]
        if problems:
            raise AssertionError("\n".join([*problems, "", self.table(loads, errors, limit, loads_at_most)]))

    def table(
        self,
        loads: int | None = None,
        errors: int | None = None,
        p99: float | None = None,
        loads_at_most: int | None = None,
    ) -> str:
        """The figures beside what was demanded of them; `p99` in seconds."""
        bound = "" if loads_at_most is None else f"≤ {loads_at_most}"
        mark = "" if rests_on_enough(len(self.calls), 0.99) else "~"
        rows = [
            ("", "measured", "demanded"),
            ("callers at once", str(len(self.calls)), ""),
            ("loads", str(self.loads), bound if loads is None else str(loads)),
            ("loads in flight, peak", str(self.peak), ""),
            ("errors", str(self.errors), "" if errors is None else f"≤ {errors}"),
            ("p50 ms", _ms(self.p50_ms), ""),
            ("p99 ms", mark + _ms(self.p99_ms), "" if p99 is None else f"≤ {_ms(1000 * p99)}"),
            ("max ms", _ms(self.max_ms), ""),
            ("arrival spread ms", _ms(self.spread_ms), ""),
        ]
        lines = [f"{name:<22}{measured:>9}{demanded:>10}".rstrip() for name, measured, demanded in rows]
        lines += [f"{count} × {message}" for message, count in self.error_messages.most_common(5)]
        return "\n".join(lines)

    __str__ = table

    def _of_loads(self, exact: int | None, at_most: int | None) -> list[str]:
        most = exact if at_most is None else at_most
        if most is None or (self.loads <= most if exact is None else self.loads == exact):
            return []
        if self.loads == 0:
            return ["no load: the value was there before the burst, or the cache calls another loader"]
        callers = f"{len(self.calls)} callers at once caused {self.loads} load{'s' * (self.loads > 1)}"
        demanded = f"{'at most ' * (exact is None)}{most} demanded"
        return [f"{'the cache stampedes: ' * (self.loads > most)}{callers}, {demanded}"]

    def _of_callers(self, errors: int | None, p99: float | None) -> list[str]:
        problems = []
        if errors is not None and self.errors > errors:
            problems.append(f"{self.errors} of {len(self.calls)} callers got an error or no answer")
        if p99 is not None and (self.p99_ms is None or self.p99_ms > 1000 * p99):
            problems.append(f"p99 is {_ms(self.p99_ms)} ms, at most {_ms(1000 * p99)} ms demanded")
        return problems

    def _quantile(self, percent: int) -> float | None:
        if len(self._latencies) < 2:
            return self.max_ms
        return quantiles(self._latencies, n=100, method="inclusive")[percent - 1]


def _felt(call: Call, nothing: str) -> str:
    if call.error is None:
        return nothing
    return f"{type(call.error).__name__}: {call.error}".removesuffix(": ")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
