"""The counters in Prometheus' text format."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from stampede.library.metrics import Counts
from stampede.origins.window import Seen
from stampede.service import exposition
from stampede.service.tally import BOUNDS_S, Tally, size

SPEC = 'a "quoted"\nback\\slash'


def tally(rows: int) -> Tally:
    with tempfile.TemporaryFile() as file:
        file.truncate(size(rows))
        return Tally(file.fileno(), rows)


def samples(text: str) -> dict[tuple[str, ...], float]:
    families = list(text_string_to_metric_families(text))
    assert all(family.type in ("counter", "gauge", "histogram") and family.documentation for family in families)
    assert len(families) == text.count("# TYPE ") == text.count("# HELP ")
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_rows_are_added_up() -> None:
    it = tally(3)
    for row, seconds in enumerate((0.002, 0.03, 20.0)):
        it.row(row).request("/tracks/{id}", 200, seconds)
    it.row(1).request("/nowhere", 418, 0.1)
    found = samples(exposition.text(it, Seen(hits={"": 9}, executed=5, abandoned=1), SPEC))
    assert found["stampede_http_requests_total", "/tracks/{id}", "200"] == 3
    assert found["stampede_http_requests_total", "other", "other"] == 1
    name = "stampede_http_request_duration_seconds"
    assert [
        found[f"{name}_bucket", "/tracks/{id}", "+Inf" if bound == math.inf else str(bound).removesuffix(".0")]
        for bound in BOUNDS_S
    ] == [0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3]
    assert found[f"{name}_count", "/tracks/{id}"] == 3
    assert found[f"{name}_sum", "/tracks/{id}"] == 20.032
    assert found["stampede_database_hits_total",] == 9
    assert found["stampede_database_loads",] == 3
    assert found["stampede_info", SPEC] == 1


def test_who_takes_a_place_counts_on() -> None:
    it = tally(2)
    it.row(1).cache(Counts(hits=5, loads=2))
    heir = it.row(1)
    heir.cache(Counts(hits=1))
    heir.cache(Counts(hits=3, errors=1))
    found = samples(exposition.text(it, None, SPEC))
    assert found["stampede_cache_answers_total", "hit"] == 8
    assert found["stampede_cache_answers_total", "error"] == 1
    assert found["stampede_cache_loads_total",] == 2


async def test_what_is_served_parses_and_adds_up(serve: Callable[..., Any]) -> None:
    async with serve("--workers", 3, "--db-latency", "5ms").client() as client:
        await client.burst(60, "/tracks/1")
        await client.burst(10, "/tracks/x")
        await client.ask("/nowhere")
        metrics = await client.metrics()
    assert metrics["stampede_http_requests_total", "/tracks/{id}", "200"] == 60
    assert metrics["stampede_http_requests_total", "/tracks/{id}", "400"] == 10
    assert metrics["stampede_http_requests_total", "other", "404"] == 1
    assert metrics["stampede_http_request_duration_seconds_count", "/tracks/{id}"] == 70
    assert metrics["stampede_workers",] == 3
    assert metrics["stampede_info", "swr(grace=5s)+two-level+fail-safe"] == 1
