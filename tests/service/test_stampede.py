"""What the strategy is there for: a burst on a cold key, over several workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[..., Any]


@pytest.mark.parametrize(("spec", "least", "most"), [("two-level", 1, 1), ("single-flight", 1, 3), ("none", 50, 200)])
async def test_a_cold_burst_costs_what_the_strategy_says(serve: Serve, spec: str, least: int, most: int) -> None:
    service = serve("--workers", 3, "--strategy", spec, "--db-latency", "500ms", "--db-connections", 200)
    async with service.client() as client:
        assert await client.burst(200, "/tracks/42") == {200: 200}
        metrics = await client.metrics()
    assert least <= metrics["stampede_database_hits_total",] <= most
    assert metrics["stampede_http_requests_total", "/tracks/{id}", "200"] == 200
    answers = [value for (name, *_), value in metrics.items() if name == "stampede_cache_answers_total"]
    assert sum(answers) == 200
    assert metrics["stampede_cache_loads_total",] == metrics["stampede_database_hits_total",]
