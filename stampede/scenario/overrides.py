"""What options and sweeps may change in a scenario: one row for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.origins.latency import Latency
from stampede.scenario.model import Scenario


class Parameter(NamedTuple):
    """Where a value stands in the scenario, and how its text is read (UsageError)."""

    path: tuple[str, ...]
    parse: Callable[[str], Any]


MOST_DIGITS = 1000


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"'{text}' is no whole number from 0 on")
    if len(text) > MOST_DIGITS:
        raise UsageError(f"'{text}' is more than any machine can hold")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not (number := _whole(text)):
        raise UsageError(f"'{text}' is no whole number above zero")
    return number


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise UsageError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


PARAMETERS = {
    "concurrency": Parameter(("workload", "concurrency"), _count),
    "instances": Parameter(("fleet", "instances"), _count),
    "db-latency": Parameter(("database", "latency"), Latency.parse),
    "db-connections": Parameter(("database", "connections"), _count),
    "db-cancel": Parameter(("database", "cancel"), _switch),
    "ttl": Parameter(("cache", "ttl"), Duration.parse),
    "redis-pool": Parameter(("fleet", "redis_pool"), _whole),
}


def override(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario with parsed values of PARAMETERS, by name; it is not checked yet."""
    for name, value in values.items():
        section, field = PARAMETERS[name].path
        changed = msgspec.structs.replace(getattr(scenario, section), **{field: value})
        scenario = msgspec.structs.replace(scenario, **{section: changed})
    return scenario
