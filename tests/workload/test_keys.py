"""Which keys are wanted."""

from __future__ import annotations

from random import Random

import pytest

from stampede.core import registry
from stampede.workload.keys.single import Single


@pytest.mark.parametrize("name", registry.names("workload.keys"))
def test_every_law_picks_keys_that_exist_and_repeats_with_its_seed(name: str) -> None:
    law = registry.load("workload.keys", name)()
    one, same = Random(3), Random(3)
    picked = [law.pick(one) for _ in range(1000)]
    assert picked == [law.pick(same) for _ in range(1000)]
    assert all(0 <= key < law.count() for key in picked)


def test_a_single_key_is_what_everybody_wants() -> None:
    random = Random(1)
    assert Single().count() == 1
    assert {Single().pick(random) for _ in range(100)} == {0}
