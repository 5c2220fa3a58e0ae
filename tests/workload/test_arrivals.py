"""When requests arrive."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core import registry
from stampede.core.workload import Share
from stampede.workload.arrivals.burst import Burst

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


@pytest.mark.parametrize("name", registry.names("workload.arrivals"))
def test_every_law_is_in_order_never_before_the_release_and_repeats_with_its_seed(name: str) -> None:
    law = registry.load("workload.arrivals", name)()
    for share in shares(3):
        offsets = list(law.offsets(300, share, Random(7)))
        assert offsets == sorted(offsets)
        assert all(offset >= 0 for offset in offsets)
        assert offsets == list(law.offsets(300, share, Random(7)))
