"""The counters of all workers in Prometheus' text format, version 0.0.4.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from math import inf

from stampede.origins.window import Seen
from stampede.service.tally import BOUNDS_S, ROUTES, STATUSES, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ROLES = {"hit": "hits", "stale": "stale", "wait": "waits", "lead": "leads", "error": "errors"}
_CACHE = {
    "loads": "Loads that have ended, those behind the callers' backs included.",
    "load_errors": "Loads that failed.",
    "invalidations": "Keys that were invalidated.",
    "degraded": "Flights that went on without Redis.",
    "fenced": "Fills kept out by an invalidation, or without a lease any more.",
    "store_errors": "Steps in Redis that failed without costing a caller its answer.",
}

Sample = tuple[Mapping[str, object], float]


def text(tally: Tally, seen: Seen | None, strategy: str) -> str:
    """What is known now. `seen` is the database's own count, None if it does not say."""
    return "".join(f"{line}\n" for line in _lines(tally, seen, strategy))


def _lines(tally: Tally, seen: Seen | None, strategy: str) -> Iterator[str]:
    yield from _family("stampede_info", "gauge", "What protects the database.", [({"strategy": strategy}, 1)])
    yield from _single("stampede_workers", "gauge", "Workers that run.", tally.total("supervisor", "workers"))
    restarts = tally.total("supervisor", "restarts")
    yield from _single(
        "stampede_worker_restarts_total", "counter", "Workers started in place of dead ones.", restarts
    )
    yield from _requests(tally)
    answers = [({"role": role}, tally.total("cache", name)) for role, name in _ROLES.items()]
    yield from _family("stampede_cache_answers_total", "counter", "How requests were answered by the cache.", answers)
    for name, help in _CACHE.items():
        yield from _single(f"stampede_cache_{name}_total", "counter", help, tally.total("cache", name))
    yield from _database(seen)


def _requests(tally: Tally) -> Iterator[str]:
    name = "stampede_http_requests_total"
    counts = [
        ({"route": route, "status": status}, tally.total("requests", route, status))
        for route in ROUTES
        for status in STATUSES
    ]
    yield from _family(name, "counter", "Requests that were answered.", (each for each in counts if each[1]))
    name = "stampede_http_request_duration_seconds"
    yield from _head(name, "histogram", "From a request's first byte to its answer.")
    for route in ROUTES:
        within = list(accumulate(tally.total("within", route, bound) for bound in BOUNDS_S))
        for bound, count in zip(BOUNDS_S, within, strict=True):
            yield _sample(f"{name}_bucket", {"route": route, "le": _number(bound)}, count)
        yield _sample(f"{name}_sum", {"route": route}, tally.total("seconds", route))
        yield _sample(f"{name}_count", {"route": route}, within[-1])


def _database(seen: Seen | None) -> Iterator[str]:
    yield from _single("stampede_database_up", "gauge", "Whether the database answers.", seen is not None)
    if seen is not None:
        hits = sum(seen.hits.values())
        yield from _single("stampede_database_hits_total", "counter", "Loads that have reached it.", hits)
        under_way = hits - seen.executed - seen.abandoned
        yield from _single("stampede_database_loads", "gauge", "Loads that are queued or served.", under_way)


def _single(name: str, kind: str, help: str, value: float) -> Iterator[str]:
    return _family(name, kind, help, [({}, value)])


def _family(name: str, kind: str, help: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield from _head(name, kind, help)
    for labels, value in samples:
        yield _sample(name, labels, value)


def _head(name: str, kind: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"


def _sample(name: str, labels: Mapping[str, object], value: float) -> str:
    shown = ",".join(f'{label}="{_escaped(str(word))}"' for label, word in labels.items())
    return f"{name}{{{shown}}} {_number(value)}" if shown else f"{name} {_number(value)}"


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if value == inf:
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
