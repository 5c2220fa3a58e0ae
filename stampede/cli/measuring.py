"""What the measuring commands do: check the output first, measure, and finish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

import uvloop
from rich.console import Console

from stampede.cli import outcome
from stampede.cli.options import Output
from stampede.cli.progress import LiveProgress, tell
from stampede.core.errors import INTERRUPTED, INVALID, OK, UsageError
from stampede.engine import between_runs as repetition
from stampede.engine import calibrate as calibration
from stampede.engine import forecast, theory
from stampede.engine.bench import Servers
from stampede.engine.compare import Plan
from stampede.engine.compare import measure as measure_pairs
from stampede.engine.run import Session, measure
from stampede.measure.comparison import labels
from stampede.measure.condition import Condition
from stampede.measure.judgement import GATED
from stampede.measure.statistics import FEWEST
from stampede.reports import calibration as report
from stampede.reports import files
from stampede.reports import theory as theory_report
from stampede.scenario.model import Scenario
from stampede.scenario.sweep import Point

R = TypeVar("R")


@contextmanager
def session(servers: Servers, seed: int, output: Output, trials: int | None) -> Iterator[Session]:
    """A session of `trials` trials, as far as that is known, whose progress is shown."""
    with LiveProgress(trials, quiet=output.quiet) as progress:
        keep = output.requests is not None
        yield Session(servers, seed, progress, partial(outcome.keep_so_far, output), keep)


def run(points: Sequence[Point], servers: Servers, seed: int, output: Output, plot: bool) -> int:
    """Measure, print, export; returns the exit code."""
    scenario = points[0].scenario
    names = [str(strategy) for strategy in scenario.strategies]
    gates = [Condition.parse(text, GATED, names) for text in output.fail_if or ()]
    outcome.check(output)
    total = None if scenario.trials is None else len(points) * len(names) * scenario.trials
    for point in points:
        servers.check(point.scenario)  # before anything is foretold of what cannot be
    if foretold := forecast.of_run(points):
        tell(foretold, output, in_logs=True)
    with session(servers, seed, output, total) as opened:
        measured = asyncio.run(measure(points, opened))
    return outcome.finish(measured, output, plot, gates)


def compare(scenario: Scenario, plan: Plan, servers: Servers, seed: int, output: Output) -> int:
    """Compare, print, export; returns the exit code."""
    names = labels(map(str, scenario.strategies))
    gates = [Condition.parse(text, GATED, names) for text in output.fail_if or ()]
    named = frozenset(metric for gate in gates for _, metric in gate.names)
    outcome.check(output, files.COMPARED)
    servers.check(scenario)
    tell(forecast.of_comparison(scenario, plan), output)
    with session(servers, seed, output, len(names) * plan.rounds if plan.rounds else None) as opened:
        measured = asyncio.run(measure_pairs(scenario, replace(plan, named=named), opened))
    return outcome.finish(measured, output, False, gates)


def calibrate(instances: int, trials: int, servers: Servers, seed: int, output: Output) -> int:
    """Calibrate, print, export; returns the exit code."""
    outcome.check(output, report.EXPORTS)
    with session(servers, seed, output, len(calibration.SIZES) * trials) as opened:
        result = uvloop.run(calibration.calibrate(instances, trials, opened))
    _finish(result, report.EXPORTS, report.show, output, bool(result.run.trials))
    return INTERRUPTED if result.run.interrupted else OK


def between_runs(count: int, instances: int, trials: int, servers: Servers, seed: int, output: Output) -> int:
    """Repeat a run, print, export; returns the exit code: INVALID if nothing can be said of the spread."""
    outcome.check(output, report.EXPORTS)
    if trials < FEWEST:
        raise UsageError(f"--between-runs needs --trials {FEWEST} at least, to tell runs from trials")
    repeated = repetition.scenario(instances, trials)
    with session(servers, seed, output, count * len(repeated.strategies) * trials) as opened:
        result = uvloop.run(repetition.between_runs(count, repeated, opened))
    _finish(result, report.EXPORTS, report.show, output, bool(result.run.trials))
    if result.run.interrupted:
        return INTERRUPTED
    return OK if result.between else INVALID


def check_theory(trials: int, seed: int, output: Output) -> int:
    """Check the fake-slow database, print, export; returns the exit code: INVALID if a check is off."""
    outcome.check(output, theory_report.EXPORTS)
    with session(Servers(), seed, output, None) as opened:
        result = uvloop.run(theory.check_theory(trials, opened))
    _finish(result, theory_report.EXPORTS, theory_report.show, output, bool(result.rows))
    if result.interrupted:
        return INTERRUPTED
    return OK if all(row.ok for row in result.rows) else INVALID


def _finish(
    result: R,
    exports: Mapping[str, Callable[[R], bytes]],
    show: Callable[[R, Console], None],
    output: Output,
    measured: bool,
) -> None:
    """Export, if anything was measured; then print."""
    paths = outcome.to_files(output.export) if measured else ()
    renders = [(path, exports[files.ending_of(path)]) for path in paths]
    failure = outcome.write_all([partial(files.write, path, [render(result)]) for path, render in renders])
    printed = outcome.to_stdout(output.export, output.json)
    document = exports[files.ending_of(printed or outcome.JSON)]
    outcome.present_measured(
        measured, printed is not None, output, lambda: document(result), lambda console: show(result, console)
    )
    if failure is not None:
        raise failure
