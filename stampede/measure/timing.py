"""What callers felt, and how punctually they came."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stampede.core.model import AT_ONCE, Outcome, Role
from stampede.measure.requests import Requests
from stampede.measure.trial import RoleLatency


def milliseconds(seconds: float) -> float:
    """Rounded to a microsecond."""
    return round(float(seconds) * 1000, 3)


def quantile_ms(latency: NDArray[np.float64], share: float) -> float | None:
    """A quantile (1: the maximum) of latencies in seconds, in ms; None of none."""
    return milliseconds(np.quantile(latency, share)) if len(latency) else None


def by_role(requests: Requests) -> dict[str, RoleLatency]:
    """The latency of those who ended in each role."""
    roles = {}
    for role in Role:
        mine = (requests.role == role) & (requests.outcome == Outcome.OK)
        if role is Role.ERROR:
            mine = requests.outcome != Outcome.OK
        latency = requests.latency[mine]
        if len(latency):
            p50, p99 = np.quantile(latency, [0.5, 0.99])
            roles[role.name.lower()] = RoleLatency(
                len(latency), milliseconds(p50), milliseconds(p99), milliseconds(latency.max())
            )
    return roles


def hit_ratio(requests: Requests) -> float | None:
    """The share of requests that were answered from the cache at once; None without requests."""
    if not len(requests):
        return None
    hits = (requests.outcome == Outcome.OK) & np.isin(requests.role, AT_ONCE)
    return round(float(np.mean(hits)), 4)


def arrival_spread(requests: Requests) -> float:
    """Seconds from the first to the last start among those meant for one instant; the widest of all instants."""
    begun = ~np.isnan(requests.started)
    _, group, sizes = np.unique(requests.intended[begun], return_inverse=True, return_counts=True)
    if not len(sizes) or sizes.max() < 2:
        return 0.0
    started = requests.started[begun]
    first, last = np.full(len(sizes), np.inf), np.full(len(sizes), -np.inf)
    np.minimum.at(first, group, started)
    np.maximum.at(last, group, started)
    return float((last - first).max())


class Punctuality(NamedTuple):
    """Seconds: `spread` of those meant for one instant, and by how much requests started late."""

    spread: float
    lag_p50: float
    lag_p99: float

    @classmethod
    def of(cls, requests: Requests) -> Punctuality:
        """How punctually all requests that started came; zeros of none."""
        lag = (requests.started - requests.intended)[~np.isnan(requests.started)]
        p50, p99 = np.quantile(lag, [0.5, 0.99]) if len(lag) else (0.0, 0.0)
        return cls(arrival_spread(requests), float(p50), float(p99))


def shortest_load(requests: Requests) -> float:
    """The latency of a database that is not ours to set: no longer than the fastest leader; 0 without any."""
    leaders = (requests.role == Role.LEADER) & (requests.outcome == Outcome.OK)
    return float((requests.ended - requests.started)[leaders].min()) if leaders.any() else 0.0


def last_answer(requests: Requests) -> float:
    """Seconds from the release to the last answer; 0 without any."""
    ended = requests.ended[~np.isnan(requests.ended)]
    return float(ended.max()) if len(ended) else 0.0
