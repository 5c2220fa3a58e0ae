"""What queueing theory says of a database with finite connections: closed forms, and one run simulated exactly."""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import heapreplace
from itertools import accumulate
from random import Random

import msgspec
import numpy as np
from numpy.typing import NDArray

from stampede.origins.latency import Exponential, Latency

Seconds = NDArray[np.float64]


def rank(requests: int, share: float) -> int:
    """Which of so many, in order, is the percentile (the first is 1)."""
    return math.ceil(share * requests)


def burst_latency(requests: int, share: float, connections: int, service: float) -> float:
    """ceil(pN/C)·L: a percentile of a burst whose loads are all there at once and take equally long."""
    return math.ceil(rank(requests, share) / connections) * service


class Queue(msgspec.Struct, frozen=True):
    """Poisson arrivals at `connections` that are busy for a share `load` of the time: M/D/c or M/M/c."""

    latency: Latency
    connections: int
    load: float = 0.8

    @property
    def service(self) -> float:
        """The mean length of a load (seconds)."""
        return float(self.latency.mean if isinstance(self.latency, Exponential) else self.latency.median)

    @property
    def rate(self) -> float:
        """Arrivals per second."""
        return self.load * self.connections / self.service

    @property
    def law(self) -> str:
        """Whose theory gives the mean wait."""
        if isinstance(self.latency, Exponential):
            return "Erlang C"
        return "P-K" if self.connections == 1 else "Crommelin"

    @property
    def mean_wait(self) -> float:
        """Mean seconds in the queue, of everybody, in the long run."""
        if isinstance(self.latency, Exponential):
            return markov_wait(self.connections, self.load, self.service)
        return fixed_wait(self.connections, self.load, self.service)

    def draw(self, loads: int, seed: int) -> Seconds:
        """The lengths that a database with this seed draws, in the order in which loads begin."""
        random = Random(seed)
        return np.array([self.latency.draw(random) for _ in range(loads)])

    def spread(self, loads: int, runs: int = 200) -> float:
        """How far the mean wait of runs so long lies from the long run's: a standard deviation, as a share of it."""
        random = Random(1)
        means = [self._simulated(loads, random) for _ in range(runs)]
        return float(np.std(means)) / self.mean_wait

    def _simulated(self, loads: int, random: Random) -> float:
        arrivals = accumulate(random.expovariate(self.rate) for _ in range(loads))
        return float(
            simulated_waits(arrivals, (self.latency.draw(random) for _ in range(loads)), self.connections).mean()
        )


def erlang_c(connections: int, offered: float) -> float:
    """The share of arrivals that wait in M/M/c, where `offered` is the mean number of busy connections."""
    blocked = 1.0
    for number in range(1, connections + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / connections * (1 - blocked))


def markov_wait(connections: int, load: float, service: float) -> float:
    """Mean wait of M/M/c, after Erlang."""
    return erlang_c(connections, load * connections) * service / (connections * (1 - load))


def fixed_wait(connections: int, load: float, service: float) -> float:
    """Mean wait of M/D/c, after Crommelin; with one connection it is Pollaczek and Khinchine's.

    A service later, whoever was served has gone and whoever has arrived since is there: a Markov chain of the
    number in the database, whose queue gives the wait by Little's law.
    """
    offered = load * connections
    states = 10 * connections + 200
    arriving = np.exp([n * math.log(offered) - offered - math.lgamma(n + 1) for n in range(states)])
    chain = np.zeros((states, states))
    for state in range(states):
        left = max(0, state - connections)
        chain[state, left:] = arriving[: states - left]
    chain[:, -1] += 1 - chain.sum(axis=1)
    balance = np.vstack([(chain.T - np.eye(states))[:-1], np.ones(states)])
    shares = np.linalg.solve(balance, np.append(np.zeros(states - 1), 1.0))
    queued = np.maximum(np.arange(states) - connections, 0) @ shares
    return float(queued) * service / offered


def simulated_waits(arrivals: Iterable[float], services: Iterable[float], connections: int) -> Seconds:
    """Seconds that each load waits: an exact simulation of connections that serve who came first."""
    free_at = [-math.inf] * connections
    result = []
    for arrived, service in zip(arrivals, services, strict=True):
        begun = max(arrived, free_at[0])
        heapreplace(free_at, begun + service)
        result.append(begun - arrived)
    return np.array(result)
