"""What the measuring commands do: check the output first, measure, and finish."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import uvloop

from stampede.cli import outcome
from stampede.cli.options import Output
from stampede.cli.progress import LiveProgress
from stampede.core.errors import INTERRUPTED, OK
from stampede.engine import calibrate as calibration
from stampede.engine.bench import Servers
from stampede.engine.compare import Plan
from stampede.engine.compare import measure as measure_pairs
from stampede.engine.run import Session, measure
from stampede.measure.comparison import labels
from stampede.measure.condition import Condition
from stampede.measure.judgement import GATED
from stampede.reports import calibration as report
from stampede.reports import files
from stampede.scenario.model import Scenario
from stampede.scenario.sweep import Point


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
    with session(servers, seed, output, len(points) * len(names) * scenario.trials) as opened:
        measured = asyncio.run(measure(points, opened))
    return outcome.finish(measured, output, plot, gates)


def compare(scenario: Scenario, plan: Plan, servers: Servers, seed: int, output: Output) -> int:
    """Compare, print, export; returns the exit code."""
    names = labels(map(str, scenario.strategies))
    gates = [Condition.parse(text, GATED, names) for text in output.fail_if or ()]
    outcome.check(output)
    with session(servers, seed, output, len(names) * plan.rounds if plan.rounds else None) as opened:
        measured = asyncio.run(measure_pairs(scenario, plan, opened))
    return outcome.finish(measured, output, False, gates)


def calibrate(instances: int, trials: int, servers: Servers, seed: int, output: Output) -> int:
    """Calibrate, print, export; returns the exit code."""
    outcome.check(output, report.EXPORTS)
    with session(servers, seed, output, len(calibration.SIZES) * trials) as opened:
        result = uvloop.run(calibration.calibrate(instances, trials, opened))
    renders = [(path, report.EXPORTS[path.suffix.lower().removeprefix(".")]) for path in output.export or ()]
    failure = outcome.write_all([partial(files.write, path, [render(result)]) for path, render in renders])
    outcome.present(
        output.json, output.quiet, lambda: report.render_json(result), lambda console: report.show(result, console)
    )
    if failure is not None:
        raise failure
    return INTERRUPTED if result.run.interrupted else OK
