"""When requests arrive."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core import registry
from stampede.core.units import Duration
from stampede.workload.arrivals.burst import Burst
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
