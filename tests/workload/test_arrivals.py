"""When requests arrive."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core import registry
from stampede.core.units import Duration
from stampede.workload.arrivals.burst import Burst
from stampede.workload.arrivals.closed import Closed
from stampede.workload.laws import Share

TOTALS, INSTANCES = st.integers(0, 20_000), st.integers(1, 64)


def shares(instances: int) -> list[Share]:
    return [Share(number, instances) for number in range(instances)]


@given(TOTALS, INSTANCES)
def test_the_shares_of_a_fleet_add_up_and_differ_by_one_at_most(total: int, instances: int) -> None:
    parts = [share.of(total) for share in shares(instances)]
    assert sum(parts) == total
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)


@given(TOTALS, INSTANCES)
def test_a_burst_is_every_request_once_all_at_the_release(total: int, instances: int) -> None:
    offsets = [offset for share in shares(instances) for offset in Burst().offsets(total, share, Random(1))]
    assert offsets == [0.0] * total


def law_of(folder: str, name: str) -> Any:
    """The law with its defaults, and some number where it has none."""
    plugin = registry.load(folder, name)
    required = [each for each, default in registry.parameters(plugin).items() if default is registry.REQUIRED]
    written = {each: {"duration": "3s", "rate": "100", "n": "50"}[each] for each in required}
    return plugin(**registry.convert(plugin, name, written))


@pytest.mark.parametrize("name", registry.names("workload.arrivals"))
def test_every_law_is_in_order_never_before_the_release_and_repeats_with_its_seed(name: str) -> None:
    law = law_of("workload.arrivals", name)
    assert law.again(Random(7)) == law.again(Random(7))
    for share in shares(3):
        offsets = list(law.offsets(300, share, Random(7)))
        assert offsets == sorted(offsets)
        assert all(offset >= 0 for offset in offsets)
        assert offsets == list(law.offsets(300, share, Random(7)))


@pytest.mark.parametrize("name", registry.names("workload.arrivals"))
def test_callers_who_ask_again_all_begin_at_the_release_and_those_of_a_pace_have_each_their_instant(
    name: str,
) -> None:
    law, random = law_of("workload.arrivals", name), Random(7)
    offsets = [at for share in shares(3) for at in law.offsets(300, share, random)]
    if law.again(random) is not None:
        assert offsets == [0.0] * 300
        assert law.steady
        assert not law.paced
    if law.paced:
        assert len(set(offsets)) == len(offsets) > 1
        assert law.steady
        assert law.again(random) is None


def test_callers_of_a_closed_loop_think_as_long_as_they_are_meant_to() -> None:
    law, random = Closed(duration=Duration(3.0), think=Duration(0.2)), Random(3)
    pauses = [law.again(random) or math.inf for _ in range(20_000)]
    assert sum(pauses) / len(pauses) == pytest.approx(0.2, rel=0.03)
    assert sorted(pauses)[len(pauses) // 2] == pytest.approx(0.2 * math.log(2), rel=0.03)
    assert law.total(10) == 150


@pytest.mark.parametrize("name", ["constant", "poisson"])
def test_a_rate_is_that_of_the_whole_fleet(name: str) -> None:
    law = registry.load("workload.arrivals", name)(rate=200.0, duration=Duration(20.0))
    offsets = [at for share in shares(4) for at in law.offsets(0, share, Random(share.instance))]
    assert len(offsets) == pytest.approx(4000, rel=0 if name == "constant" else 0.06)
    assert max(offsets) <= law.length() == 20.0


def test_repeated_bursts_come_at_their_intervals() -> None:
    law = Burst(times=3, every=Duration(2.0))
    offsets = [at for share in shares(2) for at in law.offsets(4, share, Random(1))]
    assert sorted(offsets) == [0.0] * 4 + [2.0] * 4 + [4.0] * 4
    assert (law.length(), law.total(4)) == (4.0, 12)
