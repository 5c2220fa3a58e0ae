"""Whether the parts of a scenario fit together, as a file or the options have set them."""

from __future__ import annotations

import re

import msgspec

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.scenario.model import Scenario

MOST_REQUESTS = 20_000_000
GIVEN_BACK_S = 0.1
"""Within this time after its end an event has given back what it held: a server takes some tens of ms to start."""


def check(scenario: Scenario) -> None:
    """Check what is about to be run: a file's parts, as options have changed them, and that there is a strategy.

    Raises:
        UsageError: a number is out of range, or the parts do not fit together; the message begins with the key.
    """
    try:
        msgspec.convert(msgspec.to_builtins(scenario, enc_hook=str), Scenario, dec_hook=registry.decode)
    except msgspec.ValidationError as error:
        raise UsageError(in_words(error)) from None
    check_parts(scenario)
    _check_freshness(scenario)
    if not scenario.strategies:
        raise UsageError(f"{scenario.name}: no strategy: name some in the file, strategies = […], or with -s SPEC")


def check_parts(scenario: Scenario) -> None:
    """Check what single values cannot show. Raises UsageError."""
    _check_callers(scenario)
    _check_switches(scenario)
    _check_requests(scenario)
    _check_times(scenario)
    _check_overlaps(scenario)


def _check_freshness(scenario: Scenario) -> None:
    for call in (strategy.freshness for strategy in scenario.strategies):
        plugin = registry.load("freshness", call.name)
        plugin(**registry.convert(plugin, call.name, call.params)).check(scenario.cache.ttl)


def _check_callers(scenario: Scenario) -> None:
    work, instances = scenario.workload, scenario.fleet.instances
    law = work.arrivals
    if law.needs_concurrency and work.concurrency is None:
        raise UsageError(
            f"workload: '{work.arrivals}' says when, but neither a concurrency nor a rate says how many: "
            "set workload.concurrency, or arrivals such as poisson(rate=500,duration=10s), or give -c 500"
        )
    if not law.needs_concurrency and work.concurrency is not None:
        raise UsageError(f"workload: '{work.arrivals}' has a rate, so a concurrency says nothing: leave one out")
    if work.concurrency is not None and work.concurrency < instances:
        raise UsageError(
            f"{work.concurrency} concurrent requests cannot be spread over {instances} instances: "
            "lower the instances or raise the concurrency"
        )


def _check_switches(scenario: Scenario) -> None:
    """What says nothing without another key."""
    if scenario.workload.invalidate and not scenario.workload.writes:
        raise UsageError("workload.invalidate: without writes there is nothing to invalidate: set workload.writes")
    if scenario.client.retries and scenario.client.timeout is None:
        raise UsageError("client.retries: without client.timeout nobody ever gives up: set it, or give --timeout 1s")


def _check_requests(scenario: Scenario) -> None:
    work = scenario.workload
    total = work.arrivals.total(work.concurrency or 0)
    if total < 1:
        raise UsageError(f"workload.arrivals: '{work.arrivals}' is less than one request: raise rate or duration")
    retries = scenario.client.retries
    if total * (1 + retries) > MOST_REQUESTS:  # each may become a load, and the database records those
        tried = f" with {retries} retries each" if retries else ""
        raise UsageError(
            f"workload.arrivals: '{work.arrivals}' is about {total:.3g} requests{tried}, more than the "
            f"{MOST_REQUESTS:,} that can be recorded: ask for less, or for a shorter time"
        )


def _check_times(scenario: Scenario) -> None:
    slowest = scenario.database.latency.median
    if scenario.cache.ttl <= slowest:
        raise UsageError(
            f"cache.ttl {scenario.cache.ttl} is no longer than a load of {slowest}: values would expire on arrival: "
            "raise cache.ttl or lower database.latency"
        )
    length = scenario.workload.arrivals.length()
    last, end = Duration(length) if length else "0s", Duration(length + slowest)
    for number, event in enumerate(scenario.events):
        if event.at > end:
            raise UsageError(
                f"events[{number}].at {event.at} is after the last request, at {last}, and its load: "
                f"choose a moment up to {end}"
            )
        if event.at + event.do.lasts() > end and length:
            raise UsageError(
                f"events[{number}].do: '{event.do}' from {event.at} on would outlast the requests, which end at "
                f"{last}: shorten it, or lengthen the workload"
            )


def _check_overlaps(scenario: Scenario) -> None:
    """What an event gives back it has to be alone with: the one that ended first would end the other, too."""
    at_work: dict[str, tuple[Duration, str]] = {}
    for number, event in sorted(enumerate(scenario.events), key=lambda each: each[1].at):
        if not (held := event.do.holds):
            continue
        free, holder = at_work.get(held, (event.at, ""))
        if free > event.at:
            raise UsageError(
                f"events[{number}].at {event.at}: '{event.do}' needs {held} to itself, which {holder} gives back "
                f"only by {free}: begin then, or keep one of them"
            )
        given_back = Duration(round(event.at + event.do.lasts() + GIVEN_BACK_S, 6))
        at_work[held] = given_back, f"events[{number}] '{event.do}'"


def in_words(error: msgspec.ValidationError) -> str:
    """What does not fit, with the key first."""
    problem, _, at = str(error).partition(" - at `$.")
    problem = re.sub(r"^Object missing required field `(\w+)`", r"'\1' is missing: add \1 = …", problem)
    return f"{at.rstrip('`')}: {problem[0].lower()}{problem[1:]}" if at else problem
