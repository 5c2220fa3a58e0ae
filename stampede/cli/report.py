"""`stampede report`: saved runs again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stampede.cli import options as opt

if TYPE_CHECKING:
    from stampede.measure.run import Run

Exports = Annotated[
    list[Path] | None,
    typer.Option("-e", "--export", metavar="FILE", help="Write the run as .csv, .json, .md or .html (repeatable)."),
]


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
    from stampede.core.errors import OK, UsageError
    from stampede.reports import files
    from stampede.reports.read import read
    from stampede.reports.read_requests import refold

    if len(runs) > 1 and (export or requests):
        raise UsageError("--export and --requests go with one run: report the others on their own")
    for path in export or ():
        files.check(path, files.EXPORTS)
    saved = [read(path) for path in runs]
    if requests is not None:
        saved = [refold(saved[0], requests)]
    for path in export or ():
        files.export(saved[0], path)
    _print(saved, plot, details, json)
    return OK


def _print(runs: list[Run], plot: bool, details: bool, json: bool) -> None:
    from stampede.cli.console import ResultConsole, print_json
    from stampede.reports.formats.json import render
    from stampede.reports.table import show

    console = ResultConsole()
    for number, run in enumerate(runs):
        if json:  # one line each
            print_json(render(run))
            continue
        if number:
            console.print()
        show(run, console, plot, details)
