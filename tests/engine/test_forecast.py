"""What is told before a comparison, and before a long run."""

from __future__ import annotations

import pytest

from stampede.engine.compare import Plan
from stampede.engine.forecast import of_comparison, of_run, trial_s
from stampede.protection.strategy import Strategy
from stampede.scenario import reading, sweep
from stampede.scenario.model import Scenario

LASTING = 'strategies = ["none", "two-level"]\nworkload = {{ arrivals = "poisson(rate=100,duration={})" }}\n'

BURST = "strategies = ['none', 'two-level']\ntrials = {}\nworkload.concurrency = 500\n"
STEADY = "strategies = ['two-level']\ntrials = {}\nworkload.arrivals = 'constant(rate=9,duration=20s)'\n"
EVENT = "events = [{ at = '1s', do = 'flush' }]"


def lasting(duration: str) -> Scenario:
    """Two strategies under a load that lasts."""
    return reading.parse(LASTING.format(duration), "mine", "mine.toml")


def test_a_trial_lasts_as_long_as_its_requests_and_the_loads_that_nobody_coalesces() -> None:
    burst = reading.load("cold-burst")
    assert trial_s(burst, Strategy.parse("none")) == pytest.approx(0.3 + 25 * 0.1)
    assert trial_s(burst, Strategy.parse("two-level")) == pytest.approx(0.3 + 0.1)
    assert trial_s(lasting("20s"), Strategy.parse("none")) == pytest.approx(20.4)


@pytest.mark.parametrize(
    ("duration", "plan", "told"),
    [
        ("9600ms", Plan(0.05), "10 pairs of trials for a verdict: about 3 min 20 s"),
        (
            "60s",
            Plan(0.05),
            "10 pairs of trials for a verdict: about 20 min 08 s, and about 4 in the budget of 10m; no verdict is "
            "possible with fewer than 7 pairs, 9 are enough for all: intervals only; raise --budget",
        ),
        ("2s", Plan(0.05, rounds=9), "9 pairs of trials: about 43 s"),
        (
            "2s",
            Plan(0.05, rounds=3),
            "3 pairs of trials: about 14 s; no verdict is possible with fewer than 7 pairs, 9 are enough for all: "
            "intervals only",
        ),
    ],
)
def test_it_is_told_how_many_pairs_a_verdict_needs_and_how_long_they_take(
    duration: str, plan: Plan, told: str
) -> None:
    assert of_comparison(lasting(duration), plan) == told


@pytest.mark.parametrize(
    ("text", "swept", "foretold"),
    [
        (BURST.format(30), [], ""),
        (BURST.format(75), [], "about 4 min: 2 strategies × 75 trials; Ctrl-C keeps what is measured"),
        (STEADY.format(5), [], ""),
        (STEADY.format(5) + EVENT, [], "about 2 min: 1 strategy × 5 trials; Ctrl-C keeps what is measured"),
        (
            STEADY.format(3),
            ["instances=1,2,4"],
            "about 3 min: 1 strategy × 3 trials × 3 points; Ctrl-C keeps what is measured",
        ),
        (STEADY.replace("trials = {}\n", "").replace("20s", "90s"), [], "about 5 min: 1 strategy × 3 trials; "),
    ],
)
def test_a_run_of_more_than_two_minutes_is_foretold(text: str, swept: list[str], foretold: str) -> None:
    said = of_run(sweep.points(reading.parse(text, "mine", "mine.toml"), swept))
    assert said.startswith(foretold) if foretold else said == ""
