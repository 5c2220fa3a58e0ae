"""The point of a sweep as figures."""

from __future__ import annotations

import pytest

from stampede.measure.point import Figure, point


@pytest.mark.parametrize(
    ("name", "written", "column", "figure"),
    [
        ("db-latency", "20ms", "db_latency_ms", 20),
        ("db-latency", "1.5s", "db_latency_ms", 1500),
        ("db-latency", "100us", "db_latency_ms", 0.1),
        ("db-latency", "lognormal(median=20ms, sigma=0.5)", "db_latency", "lognormal(median=20ms, sigma=0.5)"),
        ("concurrency", "500", "concurrency", 500),
        ("rate", "0.5", "rate", 0.5),
        ("db-cancel", "true", "db_cancel", "true"),
        ("keys", "zipf(n=10, s=1.0)", "keys", "zipf(n=10, s=1.0)"),
        ("ttl", "-5", "ttl", "-5"),
    ],
)
def test_durations_and_numbers_are_numbers_and_the_column_has_the_unit(
    name: str, written: str, column: str, figure: Figure
) -> None:
    assert point({name: written}) == {column: figure}
    assert type(point({name: written})[column]) is type(figure)
