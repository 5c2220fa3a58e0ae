"""What a test says: give me a loader, fire a burst, check what it did."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable
from statistics import quantiles
from typing import Any

from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.measure import validity
from stampede.measure.validity import rests_on_enough
from stampede.origins.latency import Latency
from stampede.testing import SmearedBurst
from stampede.testing.callers import Call, is_async, on_tasks, on_threads
from stampede.testing.loader import BY_LOAD, Loader


class Stampede:
    """The fixture: it knows the loaders that it made, so a burst knows what reached them."""

    def __init__(self) -> None:
        self._loaders: list[Loader] = []
        self._before = 0

    def loader(self, latency: str = "50ms", *, value: object = BY_LOAD, error: BaseException | None = None) -> Loader:
        """A counted, slow loader for your cache to call, on threads or on an event loop.

        It gives `value`, or "value 1", "value 2", … by load, or raises `error`. The latency is written `50ms` or
        `lognormal(median=50ms, sigma=0.5)`. Raises UsageError.
        """
        loader = Loader(Latency.parse(latency), value, error)
        self._loaders.append(loader)
        return loader

    def burst(self, call: Callable[[], Any], concurrency: int = 100, *, patience: str = "30s") -> Burst:
        """Fire `call` from as many callers at one instant: threads, or tasks of an own loop if it gives coroutines.

        A caller without an answer after `patience` counts as an error.

        Raises:
            UsageError: no loader was made, fewer than 2 callers, or coroutines while a loop runs already (`aburst`).
        """
        limit = self._begin(concurrency, patience)
        if not is_async(call):
            done = on_threads(call, concurrency, limit)
            if not any(inspect.isawaitable(each.answer) for each in done):
                return self._end(done)
            # `lambda: cache.get(…)` of an async cache: these are coroutines of which nothing has run yet.
            _discard(done)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._end(asyncio.run(on_tasks(call, concurrency, limit)))
        raise UsageError("an event loop runs already: write `await stampede.aburst(…)` in an async test")

    async def aburst(
        self, call: Callable[[], Awaitable[Any]], concurrency: int = 100, *, patience: str = "30s"
    ) -> Burst:
        """Await `call` in as many tasks of the running loop at one instant; otherwise like `burst`.

        Raises:
            UsageError: no loader was made, or fewer than 2 callers.
        """
        limit = self._begin(concurrency, patience)
        return self._end(await on_tasks(call, concurrency, limit))

    def _begin(self, concurrency: int, patience: str) -> float:
        if not self._loaders:
            raise UsageError("nothing counts the loads: have your cache call a `stampede.loader()`, made before")
        if concurrency < 2:
            raise UsageError(f"a burst of {concurrency} is none: use a concurrency of 2 or more")
        self._before = sum(loader.watch() for loader in self._loaders)
        return Duration.parse(patience)

    def _end(self, calls: list[Call]) -> Burst:
        loads = sum(loader.loads for loader in self._loaders) - self._before
        peak = sum(loader.peak for loader in self._loaders)
        burst = Burst(calls, loads, peak, min(loader.latency.median for loader in self._loaders))
        for warning in burst.warnings:
            warnings.warn(f"{warning}: fewer callers or a slower loader help", SmearedBurst, stacklevel=3)
        return burst


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

    def check(self, *, loads: int = 1, errors: int = 0, p99: str | None = None) -> None:
        """Demand exactly so many loads, at most so many errors and at most that p99, and a burst that was true.

        Raises:
            AssertionError: something is not as demanded, or the measurement is INVALID; with the table.
            UsageError: `p99` is no duration.
        """
        __tracebackhide__ = True
        limit = None if p99 is None else Duration.parse(p99)
        problems = [*self._of_loads(loads), *self._of_callers(errors, limit)]
        problems += [
            f"INVALID: {reason}, which can hide a stampede: lower the concurrency" for reason in self.reasons
        ]
        if problems:
            raise AssertionError("\n".join([*problems, "", self.table(loads, errors, limit)]))

    def table(self, loads: int | None = None, errors: int | None = None, p99: float | None = None) -> str:
        """The figures beside what was demanded of them; `p99` in seconds."""
        mark = "" if rests_on_enough(len(self.calls), 0.99) else "~"
        rows = [
            ("", "measured", "demanded"),
            ("callers at once", str(len(self.calls)), ""),
            ("loads", str(self.loads), "" if loads is None else str(loads)),
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

    def _of_loads(self, demanded: int) -> list[str]:
        if self.loads == demanded:
            return []
        if self.loads == 0:
            return ["no load: the value was there before the burst, or the cache calls another loader"]
        callers = f"{len(self.calls)} callers at once caused {self.loads} load{'s' * (self.loads > 1)}"
        return [f"{'the cache stampedes: ' * (self.loads > demanded)}{callers}, {demanded} demanded"]

    def _of_callers(self, errors: int, p99: float | None) -> list[str]:
        problems = []
        if self.errors > errors:
            problems.append(f"{self.errors} of {len(self.calls)} callers got an error or no answer")
        if p99 is not None and (self.p99_ms is None or self.p99_ms > 1000 * p99):
            problems.append(f"p99 is {_ms(self.p99_ms)} ms, at most {_ms(1000 * p99)} ms demanded")
        return problems

    def _quantile(self, percent: int) -> float | None:
        if len(self._latencies) < 2:
            return self.max_ms
        return quantiles(self._latencies, n=100, method="inclusive")[percent - 1]


def _discard(calls: list[Call]) -> None:
    for call in calls:
        if inspect.iscoroutine(call.answer):
            call.answer.close()


def _felt(call: Call, nothing: str) -> str:
    if call.error is None:
        return nothing
    return f"{type(call.error).__name__}: {call.error}".removesuffix(": ")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
