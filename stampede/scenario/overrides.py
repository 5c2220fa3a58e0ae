"""What options and sweeps may change in a scenario: one row for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.origins.latency import Latency
from stampede.scenario.model import Scenario, Workload
from stampede.workload.arrivals.poisson import Poisson
from stampede.workload.laws import Keys


class Parameter(NamedTuple):
    """Where a value stands in the scenario, in a law perhaps, and how its text is read (UsageError)."""

    path: tuple[str, ...]
    parse: Callable[[str], Any]


MOST_DIGITS = 1000
USUAL_DURATION = Duration(10.0)
"""Of a rate in place of a law that has no duration."""


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


def _rate(text: str) -> int | float:
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) and float(text):
        return float(text) if "." in text else int(text)
    raise UsageError(f"'{text}' is no rate: write how many requests a second, as 500")


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise UsageError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


PARAMETERS = {
    "rate": Parameter(("workload", "arrivals", "rate"), _rate),
    "duration": Parameter(("workload", "arrivals", "duration"), Duration.parse),
    "concurrency": Parameter(("workload", "concurrency"), _count),
    "keys": Parameter(("workload", "keys"), Keys.parse),
    "instances": Parameter(("fleet", "instances"), _count),
    "timeout": Parameter(("client", "timeout"), Duration.parse),
    "retries": Parameter(("client", "retries"), _whole),
    "db-latency": Parameter(("database", "latency"), Latency.parse),
    "db-connections": Parameter(("database", "connections"), _count),
    "db-cancel": Parameter(("database", "cancel"), _switch),
    "ttl": Parameter(("cache", "ttl"), Duration.parse),
    "redis-pool": Parameter(("fleet", "redis_pool"), _whole),
}
COMPLETING = frozenset({"rate", "concurrency", "timeout"})
"""What a file may leave to them: how many requests there are, and when a client with retries gives up."""


def parse(name: str, where: str, text: str) -> Any:
    """A value of one of PARAMETERS. Raises UsageError, which begins with `where` it was written."""
    try:
        return PARAMETERS[name].parse(text)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def override(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario with parsed values of PARAMETERS, by name; it is not checked yet.

    A rate comes first, for it may put another law in the place of the scenario's.

    Raises:
        UsageError: its law has no such parameter.
    """
    for name, parameter in PARAMETERS.items():
        if name not in values:
            continue
        section, field, *of_law = parameter.path
        if of_law:
            changed: msgspec.Struct = _with_law(scenario.workload, name, values[name])
        else:
            changed = msgspec.structs.replace(getattr(scenario, section), **{field: values[name]})
        scenario = msgspec.structs.replace(scenario, **{section: changed})
    return scenario


def _with_law(work: Workload, parameter: str, value: Any) -> Workload:
    """The workload with arrivals of that rate or duration: with a rate a burst or a closed loop becomes Poisson's."""
    law = work.arrivals
    if parameter in law.parameters:
        return msgspec.structs.replace(work, arrivals=law.changed(parameter, value))
    if parameter != "rate":
        raise UsageError(f"'{law}' has no {parameter}: give a rate, too, as --rate 500")
    poisson = Poisson(rate=value, duration=getattr(law, "duration", USUAL_DURATION))
    return msgspec.structs.replace(work, arrivals=poisson, concurrency=None)
