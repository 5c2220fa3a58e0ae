"""Metrics for OpenTelemetry, where it is installed: its API is asked, and does nothing until an SDK is set up.

Counters are read when the SDK collects, so a request costs nothing; only a load is told of when it ends.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from stampede.library.metrics import Counts

if TYPE_CHECKING:
    from opentelemetry.metrics import Observation

Took = Callable[[float, bool], None]
"""Told of every load: its seconds, and whether it failed."""

_ROLES = {"hit": "hits", "stale": "stale", "wait": "waits", "lead": "leads", "error": "errors"}
_TOTALS = {
    "invalidations": "keys that this process has invalidated",
    "degraded": "flights that went on without Redis",
    "fenced": "fills kept out by an invalidation, or without a lease any more",
    "store_errors": "steps in Redis that failed without costing a caller its answer",
}


class Counted(Protocol):
    """A cache, as far as this is concerned."""

    @property
    def namespace(self) -> str: ...

    @property
    def counts(self) -> Counts: ...


def observe(counted: Counted) -> Took | None:
    """Have the metrics of a cache collected from now on; None: there is no OpenTelemetry."""
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.metrics") is None:
        return None
    instruments = _instruments()
    instruments.add(counted)
    return partial(instruments.loaded, counted.namespace)


@cache
def _instruments() -> _Instruments:
    return _Instruments()


class _Instruments:
    """One set for all caches of the process: the SDK wants a name once."""

    def __init__(self) -> None:
        from opentelemetry import metrics

        self._observation = metrics.Observation
        self._caches: WeakSet[Counted] = WeakSet()
        self._lock = threading.Lock()
        meter = metrics.get_meter("stampede")
        counter = meter.create_observable_counter
        counter("stampede.cache.answers", [self._answers], "{answer}", "answers, by their role")
        counter("stampede.cache.loads", [self._loads], "{load}", "loads, by how they ended")
        for name, what in _TOTALS.items():
            counter(f"stampede.cache.{name}", [partial(self._total, name)], "1", what)
        self._durations = meter.create_histogram("stampede.cache.load.duration", "s", "how long loads took")

    def add(self, counted: Counted) -> None:
        with self._lock:
            self._caches.add(counted)

    def loaded(self, namespace: str, seconds: float, failed: bool) -> None:
        self._durations.record(seconds, {"namespace": namespace, "outcome": "error" if failed else "ok"})

    def _answers(self, options: object) -> Iterator[Observation]:
        for role, name in _ROLES.items():
            yield from self._observed(attrgetter(name), role=role)

    def _loads(self, options: object) -> Iterator[Observation]:
        yield from self._observed(lambda counts: counts.loads - counts.load_errors, outcome="ok")
        yield from self._observed(lambda counts: counts.load_errors, outcome="error")

    def _total(self, name: str, options: object) -> Iterator[Observation]:
        yield from self._observed(attrgetter(name))

    def _observed(self, figure: Callable[[Counts], int], **attributes: str) -> Iterator[Observation]:
        """One observation for each namespace: of several with the same attributes the SDK would keep the last."""
        with self._lock:
            caches = list(self._caches)
        sums: Counter[str] = Counter()
        for each in caches:
            sums[each.namespace] += figure(each.counts)
        for namespace, value in sums.items():
            yield self._observation(value, {"namespace": namespace, **attributes})
