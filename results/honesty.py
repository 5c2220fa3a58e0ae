"""How often `stampede compare` calls a difference where there is none.

Synthetic trials of known distributions go through the code that adds trials to a comparison and judges it: the looks
at the widths, the intervals, the correction for all that is judged.
Run it with: python results/honesty.py [COMPARISONS]
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable

import msgspec
import numpy as np

from stampede.engine.compare import Plan, add_rounds
from stampede.measure import comparison
from stampede.measure.comparison import COMPARED, Comparison
from stampede.measure.trial import Trial

NAMES = ("single-flight", "single-flight #2")
ROUND_S = 0.3
BUDGET_S = 30.0
Draw = Callable[[np.random.Generator], float]

LAWS: dict[str, Draw] = {
    "normal, 3 %": lambda rng: 1 + 0.03 * rng.standard_normal(),
    "lognormal, 10 %": lambda rng: math.exp(0.1 * rng.standard_normal()),
    "lognormal, 50 %": lambda rng: math.exp(0.5 * rng.standard_normal()),
    "Student's t, 3 degrees, 4 %": lambda rng: math.exp(0.04 * rng.standard_t(3)),
    "Pareto, alpha 1.5": lambda rng: 1 + rng.pareto(1.5),
    "one trial in ten stalls": lambda rng: (1 + 0.02 * rng.standard_normal()) * (3 if rng.random() < 0.1 else 1),
    "a fair coin between 1 and 2": lambda rng: float(rng.integers(1, 3)),
}
"""What one figure of one trial is multiplied with."""

BLANK = Trial(
    scenario="synthetic", strategy="", trial=0, instances=4, concurrency=500, requests=500, ok=500, errors=0,
    timeouts=0, db_hits=4, db_hits_ideal=1, amplification=4.0, db_peak_in_flight=4, latency_p50_ms=100.0,
    latency_p90_ms=110.0, latency_p99_ms=120.0, latency_max_ms=130.0, stale=0, staleness_max_ms=0.0,
    redis_commands=1000, arrival_spread_ms=1.0, duration_s=0.13, valid=True,
)  # fmt: skip


def trial(name: str, number: int, law: Draw, rng: np.random.Generator, times: float = 1.0) -> Trial:
    """A trial whose every figure is drawn anew; those of latency are `times` as large as they would be."""
    latency = {k: getattr(BLANK, k) * law(rng) * times for k in COMPARED if k.startswith("latency")}
    hits = max(0, round(BLANK.db_hits * law(rng)))
    commands = max(0, round(BLANK.redis_commands * law(rng)))
    changes = {"db_hits": hits, "redis_commands": commands, "duration_s": BLANK.duration_s * law(rng) * times}
    return msgspec.structs.replace(BLANK, strategy=name, trial=number, **latency, **changes)


def compare(law: Draw, seed: int, times: float = 1.0, precision: float = 0.05) -> Comparison:
    """One comparison, as `stampede compare` makes it, but for the trials; a round takes 0.3 s of the clock."""
    rng = np.random.default_rng(seed)
    trials: list[Trial] = []
    time = 0.0

    async def fire(number: int) -> None:
        nonlocal time
        time += ROUND_S
        trials.extend(trial(name, number, law, rng, factor) for name, factor in zip(NAMES, (1.0, times), strict=True))

    plan = Plan(precision, BUDGET_S)
    half_width = lambda: comparison.compare(trials, NAMES, seed).half_width  # noqa: E731 - as short as it is
    ended = asyncio.run(add_rounds(fire, half_width, plan, comparison.fewest_pairs(2), lambda: time))
    result = comparison.compare(trials, NAMES, seed)
    result.ended_by = ended
    return result


def calls_a_difference(result: Comparison) -> bool:
    """Whether any of the metrics is said to differ."""
    return any(ratio.verdict in ("lower", "higher") for each in result.strategies for ratio in each.ratios)


def main(comparisons: int) -> None:
    """Print a Markdown table, one row for each law."""
    print("| trials vary as | called a difference | p99 interval missed 1.0 | pairs | ended by precision |")
    print("|---|---|---|---|---|")
    for name, law in LAWS.items():
        results = [compare(law, seed) for seed in range(comparisons)]
        called = sum(map(calls_a_difference, results))
        p99 = [ratio for r in results for ratio in r.strategies[0].ratios if ratio.metric == "latency_p99_ms"]
        missed = sum(not (p.low <= 1 <= p.high) for p in p99 if p.low is not None and p.high is not None)
        pairs = [r.strategies[0].pairs for r in results]
        precise = sum(r.ended_by == "precision" for r in results)
        print(
            f"| {name} | {called} of {comparisons} | {missed / comparisons:.1%} "
            f"| {min(pairs)} to {max(pairs)} | {precise / comparisons:.0%} |"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
