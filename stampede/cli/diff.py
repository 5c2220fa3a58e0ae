"""`stampede diff`: saved runs of two builds, and what became better, worse, or cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stampede.cli import options as opt
from stampede.cli.panels import examples, of_gates
from stampede.core.errors import UsageError

EXAMPLES = examples(
    "stampede diff main.json new.json",
    "stampede diff old.json new.json --fail-if 'redis_commands > 1.2'",
)


def command(
    old: Annotated[Path, typer.Argument(metavar="OLD.json", help="A run saved with --export run.json.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json", help="Another of the same scenario.")],
    more_old: Annotated[
        list[Path] | None, typer.Option("--old", metavar="FILE", help="One more old run (repeatable).")
    ] = None,
    more_new: Annotated[
        list[Path] | None, typer.Option("--new", metavar="FILE", help="One more new run (repeatable).")
    ] = None,
    between_runs: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="How far runs of the same differ, if there is one a side.", show_default="2%"
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take that from what calibrate --between-runs exported as .json instead."),
    ] = None,
    threshold: Annotated[str, of_gates(metavar="SHARE", help="A change up to this is none.")] = "5%",
    fail_if: opt.FailIf = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Compare saved runs; exit with 1 if anything became worse."""
    from stampede.core.units import share

    if between_runs is not None and calibration is not None:
        raise UsageError("--between-runs states what --calibration has measured: give one of them")
    margin, stated = share(threshold), None if between_runs is None else share(between_runs)

    from stampede.cli import difference

    return difference.diff(
        [old, *(more_old or ())], [new, *(more_new or ())], margin, stated, calibration, fail_if or (), json, quiet
    )
