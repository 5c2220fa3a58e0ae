"""Queueing theory: closed forms, and the simulation against them."""

from __future__ import annotations

import math
from itertools import accumulate
from random import Random

import numpy as np
import pytest

from stampede.measure.queues import (
    Queue,
    Seconds,
    burst_latency,
    erlang_c,
    fixed_wait,
    markov_wait,
    simulated_waits,
)
from stampede.origins.latency import Latency

LOADS = 300_000
FIXED, MARKOV = "100ms", "exponential(mean=100ms)"


def simulated(queue: Queue, seed: int) -> Seconds:
    random = Random(f"arrivals {seed}")  # other than the lengths': a run whose gaps are its lengths hardly waits
    arrivals = accumulate(random.expovariate(queue.rate) for _ in range(LOADS))
    return simulated_waits(arrivals, queue.draw(LOADS, seed), queue.connections)


@pytest.mark.parametrize(
    ("requests", "share", "connections", "services"),
    [(3, 0.5, 1, 2), (3, 0.99, 1, 3), (66, 0.5, 20, 2), (66, 0.99, 20, 4), (100, 0.99, 100, 1), (101, 1.0, 100, 2)],
)
def test_a_burst_takes_whole_services(requests: int, share: float, connections: int, services: int) -> None:
    assert burst_latency(requests, share, connections, 0.1) == pytest.approx(services * 0.1)


def test_erlang_c_of_one_connection_is_its_load() -> None:
    assert erlang_c(1, 0.8) == pytest.approx(0.8)
    assert erlang_c(5, 4.0) == pytest.approx(0.554113, abs=1e-6)  # from Erlang's tables
    assert markov_wait(1, 0.8, 0.1) == pytest.approx(0.8 * 0.1 / 0.2)


@pytest.mark.parametrize("load", [0.3, 0.8, 0.9])
def test_crommelins_wait_at_one_connection_is_that_of_pollaczek_and_khinchine(load: float) -> None:
    assert fixed_wait(1, load, 0.1) == pytest.approx(load * 0.1 / (2 * (1 - load)), rel=1e-6)


def test_first_come_is_first_served() -> None:
    waits = simulated_waits([0.0, 0.0, 1.0, 9.0], [3.0, 5.0, 1.0, 1.0], 2)
    assert waits.tolist() == [0.0, 0.0, 2.0, 0.0]


@pytest.mark.parametrize(("latency", "connections"), [(FIXED, 1), (FIXED, 20), (MARKOV, 1), (MARKOV, 5)])
def test_the_simulations_mean_wait_is_that_of_theory(latency: str, connections: int) -> None:
    queue = Queue(Latency.parse(latency), connections)
    means = [float(simulated(queue, seed).mean()) for seed in range(3)]
    assert np.mean(means) == pytest.approx(queue.mean_wait, rel=0.03)


def test_the_simulations_p99_is_that_of_erlang() -> None:
    queue = Queue(Latency.parse(MARKOV), 5)
    left = queue.connections / queue.service - queue.rate
    p99 = math.log(erlang_c(5, 4.0) / 0.01) / left
    measured = [float(np.quantile(simulated(queue, seed), 0.99)) for seed in range(3)]
    assert np.mean(measured) == pytest.approx(p99, rel=0.03)


def test_longer_runs_lie_closer_to_the_long_run() -> None:
    queue = Queue(Latency.parse(FIXED), 1)
    short, long = queue.spread(200, runs=50), queue.spread(3200, runs=50)
    assert short > 2 * long > 0.02
