"""`stampede report`: saved runs again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stampede.cli import options as opt
from stampede.cli.panels import examples, of_output

if TYPE_CHECKING:
    from stampede.measure.run import Run

Exports = Annotated[
    list[Path] | None,
    of_output(
        "-e", "--export", metavar="FILE", help="Write the run as .csv, .json, .md or .html (repeatable; - prints it)."
    ),
]

EXAMPLES = examples(
    "stampede report run.json",
    "stampede report run.json --plot --export run.html",
)


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN.json...", help="Runs that --export has saved.")],
    requests: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What --requests of that run wrote: plots come from every request."),
    ] = None,
    export: Exports = None,
    plot: opt.Plot = False,
    details: opt.Details = False,
    json: opt.Json = False,
) -> int:
    """Report saved runs again, in any format."""
    from stampede.cli import outcome
    from stampede.core.errors import OK, UsageError
    from stampede.reports import files
    from stampede.reports.read import read
    from stampede.reports.read_requests import refold

    if len(runs) > 1 and (export or requests):
        raise UsageError("--export and --requests go with one run: report the others on their own")
    saved = [read(path) for path in runs]
    formats = files.COMPARED if saved[0].comparison else files.EXPORTS
    outcome.check(opt.Output(export=export, json=json), formats)
    if requests is not None:
        saved = [refold(saved[0], requests)]
    for path in outcome.to_files(export):
        files.export(saved[0], path)
    _print(saved, plot, details, outcome.to_stdout(export, json))
    return OK


def _print(runs: list[Run], plot: bool, details: bool, printed: Path | None) -> None:
    from stampede.cli.console import ResultConsole, print_document
    from stampede.reports import files
    from stampede.reports.table import show

    console = ResultConsole()
    for number, run in enumerate(runs):
        if printed is not None:  # as JSON one line each
            print_document(files.rendered(run, printed))
            continue
        if number:
            console.print()
        show(run, console, plot, details)
