"""What becomes of the results of every command: written, printed, and turned into an exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from stampede.cli.console import ResultConsole, print_document
from stampede.cli.options import Output
from stampede.cli.progress import tell
from stampede.core.errors import INTERRUPTED, INVALID, OK, ExportFailed, GateFailed, StrategyFailed, UsageError
from stampede.engine.measured import Measured
from stampede.measure.condition import Condition
from stampede.measure.judgement import judge
from stampede.measure.run import Run
from stampede.reports import files
from stampede.reports.table import show
from stampede.reports.words import NOTHING_MEASURED

JSON = Path("-")
BETWEEN_ROUNDS = ("json", "csv", "ratios.csv")
"""Formats that are quickly made; `stampede report RUN.json` makes the others of them."""


def check(output: Output, formats: Iterable[str] = files.EXPORTS) -> None:
    """Find out before the run whether everything can be written. Raises UsageError, ExportFailed."""
    for path in output.export or ():
        files.check(path, formats)
    if output.requests is not None:
        files.check(output.requests, files.REQUESTS)
    printed = [path for path in output.export or () if files.is_stdout(path)]
    if len(printed) > 1 or (printed and output.json and files.ending_of(printed[0]) != "json"):
        raise UsageError("two outputs go to standard output: give one of them a file")
    named = [path.absolute() for path in (*(output.export or ()), output.requests) if path is not None]
    if twice := [path for path in named if named.count(path) > 1]:
        raise UsageError(f"two outputs go to '{twice[0]}', one replacing the other: rename one")


def keep_so_far(output: Output, run: Run) -> None:
    """Write what can be written between two rounds; a failure can wait for the end, when it is told."""
    for path in to_files(output.export):
        if files.ending_of(path) in BETWEEN_ROUNDS and files.can_be_replaced(path):
            with contextlib.suppress(ExportFailed):
                files.export(run, path)


def finish(measured: Measured, output: Output, plot: bool, gates: Sequence[Condition]) -> int:
    """Judge, export, print; returns the exit code. Raises what stopped the run, or GateFailed.

    What was interrupted before its first trial had ended replaces no file, and is no document that could be read.
    """
    run = measured.run
    failed = judge(run, gates)
    run.verdicts += failed
    writes = [partial(files.export, run, path) for path in to_files(output.export) if run.trials]
    if output.requests is not None and run.trials:
        writes.append(partial(files.export_requests, measured.requests, output.requests))
    failure = write_all(writes)  # before anything is printed, for a reader may leave
    printed = to_stdout(output.export, output.json)
    present_measured(
        bool(run.trials),
        printed is not None,
        output,
        lambda: files.rendered(run, printed or JSON),
        lambda console: show(run, console, plot, output.details),
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


def to_files(exports: Iterable[Path] | None) -> list[Path]:
    """The exports that are files."""
    return [path for path in exports or () if not files.is_stdout(path)]


def to_stdout(exports: Iterable[Path] | None, json: bool) -> Path | None:
    """The export that is printed in place of the table; `--json` is `--export -`."""
    printed = [path for path in exports or () if files.is_stdout(path)]
    return printed[0] if printed else JSON if json else None


def present(document: bool, quiet: bool, render: Callable[[], bytes], print_to: Callable[[Console], None]) -> None:
    """Print a result: as a document, as it is for people, or not at all."""
    if document:
        print_document(render())
    elif not quiet:
        print_to(ResultConsole())


def present_measured(
    anything: bool, document: bool, output: Output, render: Callable[[], bytes], print_to: Callable[[Console], None]
) -> None:
    """Print what was measured before an interrupt; if nothing was, that is no document that could be read."""
    if document and not anything:
        tell(NOTHING_MEASURED, output, in_logs=True)
    else:
        present(document, output.quiet, render, print_to)


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
