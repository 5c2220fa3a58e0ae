"""What the measuring commands share: check the output first, measure, print, export, and choose the exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop

from stampede.cli.console import ResultConsole
from stampede.cli.progress import LiveProgress
from stampede.core.errors import INTERRUPTED, INVALID, OK, ExportFailed, GateFailed, UsageError
from stampede.engine import calibrate as engine
from stampede.engine import compare as comparing
from stampede.engine.bench import Servers
from stampede.engine.compare import Plan
from stampede.engine.run import Measured, measure
from stampede.measure.comparison import labels
from stampede.measure.condition import Condition
from stampede.measure.judgement import GATED, judge
from stampede.measure.run import Run
from stampede.reports import calibration, files
from stampede.reports.json import render as render_json
from stampede.reports.table import show
from stampede.scenario.model import Scenario
from stampede.scenario.sweep import Point

CALIBRATION_EXPORTS = {"csv": calibration.render_csv, "json": calibration.render_json}


@dataclass(frozen=True)
class Output:
    """Where the results go."""

    exports: tuple[Path, ...] = ()
    requests: Path | None = None
    json: bool = False
    quiet: bool = False
    plot: bool = False

    def check(self, formats: Iterable[str] = files.EXPORTS) -> None:
        """Find out before the run whether everything can be written. Raises UsageError, ExportFailed."""
        for path in self.exports:
            files.check(path, formats)
        if self.requests is not None:
            files.check(self.requests, files.REQUESTS)
        named = [path.absolute() for path in (*self.exports, self.requests) if path is not None]
        if twice := [path for path in named if named.count(path) > 1]:
            raise UsageError(f"two outputs go to '{twice[0]}', one replacing the other: rename one")


def servers(
    redis: str | None,
    redis_server: str | None,
    redis_pool: int | None,
    database: str | None,
    query: str | None,
) -> Servers:
    """The servers that the options name. Raises UsageError where they contradict each other."""
    if redis_server and redis:
        raise UsageError("--redis-server starts a server and --redis names a running one: give one of them")
    if (database is None) != (query is None):
        raise UsageError("--database and --query go together: the query is what one load runs")
    return Servers(redis or None, redis_server, redis_pool, database, query)


def run(points: Sequence[Point], where: Servers, seed: int, output: Output, fail_if: Sequence[str]) -> int:
    """Measure, print, export; returns the exit code."""
    scenario = points[0].scenario
    gates = [Condition.parse(text, GATED, map(str, scenario.strategies)) for text in fail_if]
    output.check()
    with LiveProgress(len(points) * len(scenario.strategies) * scenario.trials, quiet=output.quiet) as progress:
        measured = asyncio.run(measure(points, where, seed, progress, output.requests is not None))
    return finish(measured, output, gates)


def compare(scenario: Scenario, where: Servers, seed: int, output: Output, fail_if: Sequence[str], plan: Plan) -> int:
    """Compare, print, export; returns the exit code."""
    gates = [Condition.parse(text, GATED, labels(map(str, scenario.strategies))) for text in fail_if]
    output.check()
    rounds = len(scenario.strategies) * plan.rounds if plan.rounds else None
    with LiveProgress(rounds, quiet=output.quiet) as progress:
        keep_requests = output.requests is not None
        measured = asyncio.run(comparing.measure(scenario, where, seed, plan, progress, keep_requests))
    return finish(measured, output, gates)


def finish(measured: Measured, output: Output, gates: Sequence[Condition]) -> int:
    """Judge, export, print; returns the exit code. Raises what stopped the run, or GateFailed."""
    run = measured.run
    failed = judge(run, gates)
    run.verdicts += failed
    failure = export(measured, output)  # before anything is printed, for a reader may leave
    if output.json:
        sys.stdout.buffer.write(render_json(run))
    elif not output.quiet:
        show(run, ResultConsole(), output.plot)
    if failure is not None:
        raise failure
    if measured.fault is not None:
        raise measured.fault
    code = exit_code(run)
    if failed and code == OK:
        raise GateFailed("; ".join(failed))
    return code


def calibrate(instances: int, trials: int, where: Servers, seed: int, output: Output) -> int:
    """Calibrate, print, export; returns the exit code."""
    output.check(CALIBRATION_EXPORTS)
    with LiveProgress(len(engine.SIZES) * trials, quiet=output.quiet) as progress:
        result = uvloop.run(engine.calibrate(instances, trials, where, seed, progress))
    renders = [(path, CALIBRATION_EXPORTS[path.suffix.lower().removeprefix(".")]) for path in output.exports]
    failure = _all([partial(files.write, path, [render(result)]) for path, render in renders])
    if output.json:
        sys.stdout.buffer.write(calibration.render_json(result))
    elif not output.quiet:
        calibration.show(result, ResultConsole())
    if failure is not None:
        raise failure
    return INTERRUPTED if result.run.interrupted else OK


def export(measured: Measured, output: Output) -> ExportFailed | None:
    """Write every file that can be written; returns what failed."""
    writes = [partial(files.export, measured.run, path) for path in output.exports]
    if output.requests is not None:
        writes.append(partial(files.export_requests, measured.requests, output.requests))
    return _all(writes)


def _all(writes: Sequence[Callable[[], None]]) -> ExportFailed | None:
    failures = []
    for write in writes:
        try:
            write()
        except ExportFailed as failure:
            failures.append(str(failure))
    return ExportFailed("; ".join(failures)) if failures else None


def exit_code(run: Run) -> int:
    """Interrupted, or INVALID if a strategy has no valid trial, or all well."""
    if run.interrupted:
        return INTERRUPTED
    return INVALID if any(not row.valid for row in run.summary) else OK
