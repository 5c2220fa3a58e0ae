"""OpenTelemetry's own SDK collects what caches count."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from stampede import Cache, LoadError

from .conftest import Loader, Script, said

pytestmark = pytest.mark.usefixtures("real_time")


@pytest.fixture(scope="module")
def reader() -> Iterator[InMemoryMetricReader]:
    """The process's one provider, as an application sets it up."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    metrics.set_meter_provider(provider)
    yield reader
    provider.shutdown()


def collected(reader: InMemoryMetricReader, namespace: str) -> dict[tuple[str, str], Any]:
    """Of one namespace: the value by metric and role, or outcome."""
    found = {}
    data = reader.get_metrics_data()
    assert data is not None
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    labels = dict(point.attributes or {})
                    if labels.pop("namespace") == namespace:
                        kind = str(next(iter(labels.values()), ""))
                        name = metric.name.removeprefix("stampede.cache.")
                        found[name, kind] = getattr(point, "value", None) or getattr(point, "count", 0)
    return found


async def test_answers_loads_and_their_duration_are_collected(
    reader: InMemoryMetricReader, redis_url: str, namespace: str, load: Loader
) -> None:
    async with (
        Cache.connect(redis_url, ttl=10, namespace=namespace) as one,
        Cache.connect(redis_url, ttl=10, namespace=namespace) as other,
    ):
        for cache in (one, other, other):
            await cache.get("k", load)
            await asyncio.sleep(0.05)  # the fill goes on behind our back
        await one.invalidate("k")
        load.error = OSError("gone")
        with pytest.raises(LoadError):
            await one.get("k", load)
        found = collected(reader, namespace)
    assert {key: value for key, value in found.items() if value} == {
        ("answers", "hit"): 2,
        ("answers", "lead"): 1,
        ("answers", "error"): 1,
        ("loads", "ok"): 1,
        ("loads", "error"): 1,
        ("invalidations", ""): 1,
        ("load.duration", "ok"): 1,
        ("load.duration", "error"): 1,
    }
    assert {name for name, _ in found} >= {"degraded", "fenced", "store_errors"}


def test_without_it_nothing_is_missed(script: Script) -> None:
    program = """
        import asyncio, sys
        sys.modules["opentelemetry"] = None
        from stampede import Cache
        async def load():
            return 1
        async def main():
            async with Cache.connect("memory://", ttl=10) as cache:
                print(await cache.get("k", load))
        asyncio.run(main())
    """
    assert said(script(program)) == "1\n"
