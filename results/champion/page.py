"""What the measurements of the champion share: how a page is shown, and how a target is judged."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import uvloop

from stampede.engine import environment
from stampede.measure.statistics import interval_of_median

TRIALS = 11
"""The fewest whose median has an interval that leaves two outliers at either end out."""


class Target(NamedTuple):
    """What is asked of the champion, what was measured, and whether that is enough."""

    asked: str
    measured: str
    kept: bool


@dataclass
class Page:
    """Tables and targets under a title; `intro` says what is done and with what."""

    title: str
    intro: str
    tables: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def markdown(self, name: str, busy: str) -> str:
        """The page, with how it is made and where that was; `busy`: what else ran there."""
        words = environment.describe()
        packages = ", ".join(f"{package} {version}" for package, version in words.pop("packages").items())
        machine = f"stampede {environment.own_version()}; {', '.join(map(str, words.values()))}; {packages}; {busy}"
        rows = [(each.asked, each.measured, "yes" if each.kept else "NO") for each in self.targets]
        blocks = [
            f"# {self.title}",
            f"Made by `python results/champion/{name}.py`. {self.intro}",
            table(("asked", "measured", "kept"), rows),
            *self.tables,
            f"Measured with {machine}.",
        ]
        return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True)
class Size:
    """How much is measured: `tiny` is for a test, which looks at the form only."""

    trials: int = TRIALS
    tiny: bool = False

    def of(self, usual: int, tiny: int) -> int:
        """One of them."""
        return tiny if self.tiny else usual


def show(measure: Callable[[Size], Awaitable[Page]], name: str) -> None:
    """The script's `main`: measure, print the page, and exit with 1 if a target is missed."""
    options = argparse.ArgumentParser(prog=f"python results/champion/{name}.py")
    options.add_argument("--trials", type=int, help=f"trials of each contender (default: {TRIALS})")
    options.add_argument("--tiny", action="store_true", help="one trial of almost nothing, to see that it works")
    given = options.parse_args()
    size = Size(given.trials or (1 if given.tiny else TRIALS), given.tiny)
    before = os.getloadavg()[0]

    async def measured() -> Page:
        return await measure(size)

    page = uvloop.run(measured())
    busy = f"load average before {before:.1f}, {size.trials} trials"
    print(page.markdown(name, busy), end="", flush=True)
    sys.exit(not all(target.kept for target in page.targets))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of figures, beside a first one of names."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def between(values: Sequence[float], digits: int = 2) -> str:
    """The median, and its exact 95 % interval where there are enough values for one."""
    found = interval_of_median(values)
    middle = f"{median(values):,.{digits}f}"
    return middle if found is None else f"{middle} [{found[0]:,.{digits}f}, {found[1]:,.{digits}f}]"


def not_shown_above(values: Sequence[float], bound: float) -> bool:
    """Whether their median is not shown to be above the bound: its interval, or all there is, reaches down to it."""
    low, _ = interval_of_median(values) or (median(values), 0.0)
    return low <= bound
