"""Adding trials to a comparison until it is precise, and never making a difference out of chance."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from stampede.engine.compare import ALL, PRECISE, SPENT, Plan, add_rounds

FEWEST = 10


def _honesty() -> ModuleType:
    """The simulation whose table is in `results/`."""
    path = Path(__file__).parents[2] / "results" / "honesty.py"
    spec = importlib.util.spec_from_file_location("honesty", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


honesty = _honesty()


def rounds(plan: Plan, widths: Iterator[float | None], seconds: float = 1.0) -> tuple[int, str, list[int]]:
    """How many rounds of so many seconds are fired, what ends them, and after which ones the widths are looked at."""
    fired, looks = 0, []

    async def fire(number: int) -> None:
        nonlocal fired
        fired += 1
        assert number == fired

    def half_width() -> float | None:
        looks.append(fired)
        return next(widths)

    ended = asyncio.run(add_rounds(fire, half_width, plan, FEWEST, lambda: fired * seconds))
    return fired, ended, looks


def test_rounds_are_added_until_it_is_precise_with_looks_farther_and_farther_apart() -> None:
    fired, ended, looks = rounds(Plan(0.05, 1000), iter([0.3, None, 0.06, 0.05]))
    assert (fired, ended) == (22, PRECISE)
    assert looks == [10, 13, 17, 22]


def test_a_spent_budget_ends_it_before_another_round_would_exceed_it() -> None:
    assert rounds(Plan(0.05, 7.5), iter([])) == (7, SPENT, [])
    assert rounds(Plan(0.05, 0.1), iter([])) == (1, SPENT, [])


def test_without_a_budget_the_pairs_of_a_verdict_have_up_to_ten_minutes_and_more_of_them_one() -> None:
    assert rounds(Plan(0.05), iter([0.3] * 9), 5.0) == (12, SPENT, [10])
    assert rounds(Plan(0.05), iter([0.3] * 9), 20.0) == (10, SPENT, [10])
    assert rounds(Plan(0.05), iter([0.3] * 9), 100.0) == (6, SPENT, [])


def test_a_number_of_rounds_is_kept_whatever_precision_and_budget() -> None:
    assert rounds(Plan(0.5, 1.0, rounds=25), iter([])) == (25, ALL, [])


def test_of_a_hundred_comparisons_of_the_same_at_most_seven_call_a_difference() -> None:
    """Of the laws in `results/honesty.md` the one that called the most."""
    results = [honesty.compare(honesty.LAWS["lognormal, 10 %"], seed) for seed in range(100)]
    assert sum(map(honesty.calls_a_difference, results)) <= 7


def test_a_difference_of_ten_percent_is_found_at_the_promised_precision() -> None:
    for seed in range(20):
        result = honesty.compare(honesty.LAWS["normal, 3 %"], seed, times=1.1)
        assert result.ended_by == PRECISE
        assert result.half_width <= 0.05
        (p99,) = (each for each in result.strategies[0].ratios if each.metric == "latency_p99_ms")
        assert p99.verdict == "higher"
        assert 1.1 / 1.05 <= p99.ratio <= 1.1 * 1.05
