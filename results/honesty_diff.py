"""How often `stampede diff` is wrong about runs that are alike, and whether it finds what differs.

Six runs of the same, each of six strategies and ten trials whose p99 varies by 5 %, give 30 ordered pairs. Beside
independent trials: runs that are off as a whole, trials that are like those before them, and machines that drift.
Run it with: python -m results.honesty_diff [SIXES]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import permutations
from typing import NamedTuple

import msgspec
import numpy as np

from results.honesty import BLANK
from stampede.measure.between_runs import MEASURED, STATED, Between, Spread
from stampede.measure.diff import Diff, diff
from stampede.measure.run import Run
from stampede.measure.significance import Floats
from stampede.measure.summary import summarize
from stampede.scenario import reading

NAMES = tuple("abcdef")
TRIALS, RUNS = 10, 6
SD = 0.05
SCENARIO = reading.parse(
    'strategies = ["none"]\n[workload]\nconcurrency = 500\n[database]\nlatency = "100ms"\n[fleet]\ninstances = 4\n',
    "synthetic",
    "synthetic.toml",
)


class World(NamedTuple):
    """How runs vary: `offset` from run to run, `alike` from trial to trial, a `drift` in each, a `walk` of all."""

    offset: float = 0.0
    alike: float = 0.0
    drift: float = 0.0
    walk: float = 0.0


class Case(NamedTuple):
    """A world, how many runs stand on each side, and the spread between them: stated, or calibrated with six more."""

    world: World
    side: int = 1
    stated: float = STATED
    calibrated: bool = False

    def between(self, six: int) -> Between:
        """What `diff` is told of the spread."""
        if not self.calibrated:
            return Between(self.stated)
        runs = [make(self.world, 10**6 + six * 1000 + k) for k in range(RUNS)]
        spreads = [spread for metric in MEASURED if (spread := Spread.of(metric, runs)) is not None]
        return Between(measured={spread.metric: spread for spread in spreads})


CASES = {
    "independent trials": Case(World()),
    "runs off by 2 %": Case(World(offset=0.02)),
    "trials alike (r 0.6)": Case(World(alike=0.6)),
    "a drift of 5 % in each run": Case(World(drift=0.05)),
    "a walk of 1 % from run to run": Case(World(walk=0.01)),
    "runs off by 5 %": Case(World(offset=0.05)),
    "runs off by 5 %, 3 % stated": Case(World(offset=0.05), stated=0.03),
    "runs off by 5 %, 5 % stated": Case(World(offset=0.05), stated=0.05),
    "independent trials, 3 % stated": Case(World(), stated=0.03),
    "independent trials, 5 % stated": Case(World(), stated=0.05),
    "independent trials, calibrated": Case(World(), calibrated=True),
    "runs off by 2 %, calibrated": Case(World(offset=0.02), calibrated=True),
    "runs off by 5 %, calibrated": Case(World(offset=0.05), calibrated=True),
    "runs off by 5 %, three a side": Case(World(offset=0.05), side=3),
    "trials alike (r 0.6), three a side": Case(World(alike=0.6), side=3),
}


def _noise(world: World, rng: np.random.Generator) -> Floats:
    noise = rng.standard_normal(TRIALS)
    for k in range(1, TRIALS):
        noise[k] = world.alike * noise[k - 1] + (1 - world.alike**2) ** 0.5 * noise[k]
    direction = float(rng.choice([-1, 1]))
    return np.asarray(SD * noise + world.drift * direction * np.linspace(-0.5, 0.5, TRIALS), dtype=np.float64)


def make(world: World, seed: int, times: float = 1.0, walked: float = 0.0) -> Run:
    """A run of all strategies; the first one's p99 are `times` as large."""
    rng = np.random.default_rng(seed)
    offset = walked + world.offset * rng.standard_normal()
    trials = [
        msgspec.structs.replace(
            BLANK,
            strategy=name,
            trial=k,
            latency_p99_ms=float(120 * (times if name == NAMES[0] else 1.0) * np.exp(offset + each)),
        )
        for name in NAMES
        for k, each in enumerate(_noise(world, rng))
    ]
    return Run(
        stampede="",
        created="",
        environment={},
        scenario=SCENARIO,
        seed=seed,
        trials=trials,
        summary=summarize(trials),
    )


def compared(case: Case, six: int, threshold: float, times: float = 1.0) -> list[Diff]:
    """All ordered pairs of six sides."""
    steps = np.random.default_rng(six).standard_normal(RUNS * case.side).cumsum() * case.world.walk
    seeds = [six * 1000 + k for k in range(RUNS * case.side)]

    def side(number: int, factor: float) -> list[Run]:
        mine = range(number * case.side, (number + 1) * case.side)
        return [make(case.world, seeds[k], factor, float(steps[k])) for k in mine]

    olds, news = ([side(k, factor) for k in range(RUNS)] for factor in (1.0, times))
    between = case.between(six)
    return [diff(olds[a], news[b], threshold, between) for a, b in permutations(range(RUNS), 2)]


def _share(results: list[Diff], holds: Callable[[float, float, str], bool]) -> float:
    found = [
        holds(c.low or 0, c.high or 0, c.verdict)
        for each in results
        for c in each.strategies[0].changes
        if c.metric == "latency_p99_ms"
    ]
    return sum(found) / len(found)


def main(sixes: int) -> None:
    """Print a Markdown table, one row for each case."""
    print(
        "| six runs | intervals hold 1.0, of 30 | sixes with 27 | false calls at 0 % | at 5 % "
        "| a true 20 % is found at 5 % |"
    )
    print("|---|---|---|---|---|---|")
    for name, case in CASES.items():
        at = {t: [d for six in range(sixes) for d in compared(case, six, t)] for t in (0.0, 0.05)}
        power = [d for six in range(sixes) for d in compared(case, six, 0.05, 1.2)]
        each_six = [at[0.0][k : k + 30] for k in range(0, 30 * sixes, 30)]
        held = [30 * _share(pairs, lambda low, high, _: low <= 1 <= high) for pairs in each_six]
        enough = sum(round(each) >= 27 for each in held)
        false = [
            sum(any(c.verdict in ("better", "worse") for s in d.strategies for c in s.changes) for d in ds) / len(ds)
            for ds in at.values()
        ]
        found = _share(power, lambda _, __, verdict: verdict == "worse")
        figures = [f"{sum(held) / sixes:.1f}", f"{enough} of {sixes}", *(f"{each:.1%}" for each in false)]
        print(f"| {' | '.join([name, *figures, f'{found:.0%}'])} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
