"""What makes a figure valid: one function for each rule, for trials and for users' own bursts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

ENOUGH_BEYOND = 5

SLOW_WARNING = 1.05  # measured service / drawn service
SLOW_INVALID = 1.20

LATE_S = 0.001  # timers and event loops are no finer, and tables show no more
STALL_WARNING_S, STALL_INVALID_S = 0.01, 0.05  # what is shorter may be the scheduler's doing
PART_WARNING, PART_INVALID = 0.1, 0.5
"""What the harness or a server's standstill may be of a figure that is shown."""

FAILED_INVALID = 0.01
"""More than this share of the requests without the store, and it is not the store's strategy that was measured."""

BUSY = 0.9
FOREIGN = 0.1
STOLEN = 0.01
TICKS_S = 0.2
"""Processor-seconds: in less, the kernel's ticks of 10 ms tell too little."""


class Finding(NamedTuple):
    """Something that a reader must know; `invalid`: it makes the figures worthless."""

    words: str
    invalid: bool = False


class Processors(NamedTuple):
    """What the machine's processors did in some time: shares of all of them together.

    `seconds` is how much there was of them; `own` were used by the run, its instances and its servers.
    """

    seconds: float
    busy: float
    own: float
    stolen: float

    @property
    def foreign(self) -> float:
        """The share that other programs used."""
        return max(0.0, self.busy - self.own)


def sorted_out(findings: Iterable[Finding]) -> tuple[list[str], list[str]]:
    """Reasons why the figures are INVALID, and warnings."""
    findings = list(findings)
    return [each.words for each in findings if each.invalid], [each.words for each in findings if not each.invalid]


def spread(spread_s: float, latency_s: float) -> Iterator[Finding]:
    """Callers that come when the load is done find the value: a smeared burst hides a stampede.

    Both in seconds; the latency is the database's, above 0.
    """
    took = f"arrival spread {spread_s * 1000:.0f} ms is above"
    if spread_s > latency_s * PART_INVALID:
        yield Finding(f"{took} half the database latency", invalid=True)
    elif spread_s > latency_s * PART_WARNING:
        yield Finding(f"{took} a tenth of the database latency")


def rests_on_enough(requests: int, quantile: float) -> bool:
    """Whether a percentile (0.99) has at least five requests of a trial beyond it."""
    return round(requests * (1 - quantile), 6) >= ENOUGH_BEYOND


def slow_service(executed: int, drawn_s: float, busy_s: float) -> Iterator[Finding]:
    """The database must be as slow as it says: seconds drawn and taken, of all the `executed` loads together."""
    if executed and busy_s > SLOW_WARNING * drawn_s:
        drawn, busy = 1000 * drawn_s / executed, 1000 * busy_s / executed
        yield Finding(
            f"the database took {busy:,.1f} ms a load where {drawn:,.1f} ms were drawn: "
            "use fewer connections or a quieter machine",
            busy_s > SLOW_INVALID * drawn_s,
        )


def stall(what: str, stalled_s: float, p99_s: float) -> Iterator[Finding]:
    """A server that stood still for so long, although it had something to do and no event asked for it."""
    if stalled_s > max(STALL_WARNING_S, PART_WARNING * p99_s):
        yield Finding(
            f"{what} stood still for {stalled_s:.3f} s and no event asked for that: repeat on a quieter machine",
            stalled_s > max(STALL_INVALID_S, PART_INVALID * p99_s),
        )


def store_failed(failures: int, degraded: int, requests: int) -> bool:
    """Whether so many requests were left without the store that the figures are not the strategy's."""
    return failures + degraded > FAILED_INVALID * requests


def store_trouble(failures: int, degraded: int, requests: int) -> Iterator[Finding]:
    """Steps of the store that failed, and flights that went on without it, although no event asked for that."""
    if failures or degraded:
        also = f", and {degraded:,} flights went on without it" if degraded else ""
        yield Finding(
            f"steps of the store failed {failures:,} times{also}, and no event asked for that: "
            "look at its memory, its ACL and its log",
            store_failed(failures, degraded, requests),
        )


def late(percentile: str, lag_s: float, felt_s: float, loop_s: float) -> Iterator[Finding]:
    """Requests that start late: the load generator's part of a percentile of what callers felt; all in seconds."""
    if lag_s > max(LATE_S, PART_WARNING * felt_s):
        yield Finding(
            f"requests started {1000 * lag_s:.1f} ms late ({percentile}), which is {lag_s / felt_s:.0%} of the "
            f"{percentile} shown: the load generator is the limit, its event loop "
            f"lagged up to {1000 * loop_s:.0f} ms: lower the rate or add instances and cores",
            lag_s > PART_INVALID * felt_s,
        )


def saturated(busiest: float) -> Iterator[Finding]:
    """In a closed loop callers wait for the generator, too; `busiest`: an instance's share of a processor."""
    if busiest > BUSY:
        yield Finding(
            f"an instance used {busiest:.0%} of a processor: the throughput is the load generator's, "
            "not the strategy's: add instances and cores, or think time"
        )


def unsteady(seen: Processors, all_known: bool = True) -> Iterator[Finding]:
    """Callers wait for processors that others use. `all_known`: every program of the measurement is in `own`.

    A cause alone is no more than a warning; what it does to requests and servers is judged by the other rules.
    """
    if seen.seconds < TICKS_S:
        return
    if all_known and seen.foreign > FOREIGN:
        yield Finding(
            f"other programs took {seen.foreign:.0%} of the processors: end them, or repeat on a quieter machine"
        )
    elif seen.busy > BUSY:
        yield Finding(
            f"the processors were {seen.busy:.0%} busy, and callers waited for them, too: "
            "end other programs, or lower the concurrency"
        )
    if seen.stolen > STOLEN:
        yield Finding(f"the hypervisor took {seen.stolen:.1%} of the processors (steal): the machine is not steady")
