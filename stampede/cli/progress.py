"""How far a run is, on standard error, so that standard output is the result alone.

On a terminal it is a line that is drawn when something begins, and then once a second: never in a burst that is over
sooner, and by the run's own process, which measures nothing while its instances do. Elsewhere it is a line for each
trial that has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task
from rich.table import Column
from rich.text import Text

from stampede.cli.console import PlainConsole
from stampede.cli.options import Output
from stampede.core.text import without_controls
from stampede.core.units import in_words
from stampede.measure.trial import Trial

EVERY_S = 1.0


class Pace:
    """The trials that have ended, of how many, and how long it took and will take."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.done = 0
        self._began = self._first = self._last = time.monotonic()

    def begins(self) -> None:
        """Something begins; what was before the first trial is not counted among the trials."""
        if not self.done:
            self._first = time.monotonic()

    def ends(self) -> None:
        """A trial has ended."""
        self.done += 1
        self._last = time.monotonic()

    def __str__(self) -> str:
        now = time.monotonic()
        elapsed = in_words(now - self._began)
        if not self.done or self.total is None or self.done >= self.total:
            return elapsed
        whole = (self._last - self._first) / self.done * self.total
        return f"{elapsed}, about {in_words(max(0.0, whole - (now - self._first)))} left"


def tell(line: str, output: Output, *, in_logs: bool = False) -> None:
    """Say something before the run to whoever watches the terminal, or with `in_logs` to whoever reads its log."""
    console = PlainConsole(stderr=True, highlight=False)
    if output.quiet:
        return
    if console.is_terminal:
        console.print(line, markup=False)
    elif in_logs:
        _print(line)


class LiveProgress:
    """The contract of `stampede.engine.run.Progress`."""

    def __init__(self, trials: int | None, quiet: bool = False) -> None:
        console = PlainConsole(stderr=True, highlight=False)
        self._lines = not quiet and not console.is_terminal
        self._pace = Pace(trials)
        self._what = ""
        self._tick: asyncio.TimerHandle | None = None
        self._progress = Progress(
            BarColumn(bar_width=16),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            _Times(self._pace),
            _What(),
            console=console,
            transient=True,
            auto_refresh=False,
            disable=quiet or self._lines,
        )
        self._task = self._progress.add_task("", total=trials)

    def __enter__(self) -> LiveProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tick is not None:
            self._tick.cancel()
        self._progress.stop()

    def begins(self, what: str, here: bool = False) -> None:
        """Show what begins; what is measured `here`, in this process, is not disturbed by drawing."""
        self._what = what
        self._pace.begins()
        self._progress.update(self._task, description=what, refresh=True)
        if self._tick is not None:
            self._tick.cancel()
        if not self._progress.disable:
            self._tick = None if here else asyncio.get_running_loop().call_later(EVERY_S, self._draw)

    def _draw(self) -> None:
        self._progress.refresh()
        self._tick = asyncio.get_running_loop().call_later(EVERY_S, self._draw)

    def expects(self, trials: int) -> None:
        """Know how many there will be."""
        self._pace.total = trials
        self._progress.update(self._task, total=trials)

    def ends(self, trial: Trial) -> None:
        """Count a trial."""
        self._pace.ends()
        self._progress.update(self._task, advance=1)
        if self._lines:
            of_all = f"/{self._pace.total}" if self._pace.total else ""
            _print(f"[{self._pace.done}{of_all}] {self._what}: {_figures(trial)}; {self._pace}")


class _Times(ProgressColumn):
    """What the pace says."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._pace = pace

    def render(self, task: Task) -> Text:
        return Text(f" {self._pace}  ")


class _What(ProgressColumn):
    """What is measured now: the column that gives way where a terminal is narrow."""

    def render(self, task: Task) -> Text:
        return Text(task.description, no_wrap=True, overflow="ellipsis")


def _figures(trial: Trial) -> str:
    """A trial in few words."""
    hits = f"{trial.db_hits:,} DB hit{'s' * (trial.db_hits != 1)}"
    p99 = f", p99 {trial.latency_p99_ms:,.0f} ms" if trial.latency_p99_ms is not None else ""
    failed = f", {trial.failed:,} failed" if trial.failed else ""
    return hits + p99 + failed + ("" if trial.valid else ", INVALID")


def _print(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads it any more
        print(without_controls(line), file=sys.stderr, flush=True)
