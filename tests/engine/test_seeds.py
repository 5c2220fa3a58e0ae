"""The seeds of trials."""

from __future__ import annotations

from stampede.engine.seeds import trial_seed


def test_neighbouring_seeds_share_no_trial() -> None:
    seeds = [trial_seed(seed, trial) for seed in range(50) for trial in range(1, 51)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_trial_has_the_same_seed_in_every_run_of_a_seed() -> None:
    assert trial_seed(3, 2) == trial_seed(3, 2) != trial_seed(4, 1)
