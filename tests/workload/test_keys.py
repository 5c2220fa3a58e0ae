"""Which keys are wanted."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from stampede.core import registry
from stampede.workload.keys.single import Single
from stampede.workload.keys.zipf import Zipf


@pytest.mark.parametrize("name", registry.names("workload.keys"))
def test_every_law_picks_keys_that_exist_and_repeats_with_its_seed(name: str) -> None:
    plugin = registry.load("workload.keys", name)
    needs_n = registry.parameters(plugin).get("n") is registry.REQUIRED
    law = plugin(n=50) if needs_n else plugin()
    one, same = Random(3), Random(3)
    picked = [law.pick(one) for _ in range(1000)]
    assert picked == [law.pick(same) for _ in range(1000)]
    assert all(0 <= key < law.count() for key in picked)


def test_a_single_key_is_what_everybody_wants() -> None:
    random = Random(1)
    assert Single().count() == 1
    assert {Single().pick(random) for _ in range(100)} == {0}


def test_zipf_wants_the_first_key_k_times_as_often_as_the_kth() -> None:
    law, random = Zipf(n=100, s=1.0), Random(5)
    picked = Counter(law.pick(random) for _ in range(100_000))
    for rank in (2, 4, 8):
        assert picked[0] / picked[rank - 1] == pytest.approx(rank, rel=0.1)
