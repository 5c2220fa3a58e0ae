"""What becomes of the results of every command: written, printed, and turned into an exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from rich.console import Console

from stampede.cli.console import ResultConsole, print_json
from stampede.cli.options import Output
from stampede.core.errors import INTERRUPTED, INVALID, OK, ExportFailed, GateFailed, StrategyFailed, UsageError
from stampede.engine.measured import Measured
from stampede.measure.condition import Condition
from stampede.measure.judgement import judge
from stampede.measure.run import Run
from stampede.reports import files
from stampede.reports.formats.json import render as render_json
from stampede.reports.table import show

BETWEEN_ROUNDS = (".json", ".csv")
"""Formats that are quickly made; `stampede report RUN.json` makes the others of them."""


def check(output: Output, formats: Iterable[str] = files.EXPORTS) -> None:
    """Find out before the run whether everything can be written. Raises UsageError, ExportFailed."""
    for path in output.export or ():
        files.check(path, formats)
    if output.requests is not None:
        files.check(output.requests, files.REQUESTS)
    named = [path.absolute() for path in (*(output.export or ()), output.requests) if path is not None]
    if twice := [path for path in named if named.count(path) > 1]:
        raise UsageError(f"two outputs go to '{twice[0]}', one replacing the other: rename one")


def keep_so_far(output: Output, run: Run) -> None:
    """Write what can be written between two rounds; a failure can wait for the end, when it is told."""
    for path in output.export or ():
        if path.suffix.lower() in BETWEEN_ROUNDS:
            with contextlib.suppress(ExportFailed):
                files.export(run, path)


def finish(measured: Measured, output: Output, plot: bool, gates: Sequence[Condition]) -> int:
    """Judge, export, print; returns the exit code. Raises what stopped the run, or GateFailed."""
    run = measured.run
    failed = judge(run, gates)
    run.verdicts += failed
    writes = [partial(files.export, run, path) for path in output.export or ()]
    if output.requests is not None:
        writes.append(partial(files.export_requests, measured.requests, output.requests))
    failure = write_all(writes)  # before anything is printed, for a reader may leave
    present(
        output.json, output.quiet, lambda: render_json(run), lambda console: show(run, console, plot, output.details)
    )
    if failure is not None:
        raise failure
    if measured.fault is not None:
        raise measured.fault
    if run.unmeasured and not run.interrupted:
        raise StrategyFailed(measured.failures)
    code = _exit_code(run)
    if failed and code == OK:
        raise GateFailed("; ".join(failed))
    return code


def present(json: bool, quiet: bool, render: Callable[[], bytes], print_to: Callable[[Console], None]) -> None:
    """Print a result: as JSON, as it is for people, or not at all."""
    if json:
        print_json(render())
    elif not quiet:
        print_to(ResultConsole())


def write_all(writes: Iterable[Callable[[], None]]) -> ExportFailed | None:
    """Write every file that can be written; returns what failed."""
    failures = []
    for write in writes:
        try:
            write()
        except ExportFailed as failure:
            failures.append(str(failure))
    return ExportFailed("; ".join(failures)) if failures else None


def _exit_code(run: Run) -> int:
    """Interrupted, or INVALID if a strategy has no valid trial, or all well."""
    if run.interrupted:
        return INTERRUPTED
    return INVALID if any(not row.valid for row in run.summary) else OK
