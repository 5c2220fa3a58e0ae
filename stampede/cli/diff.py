"""`stampede diff`: two saved runs, and what became better, worse, or cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stampede.cli import options as opt


def command(
    old: Annotated[Path, typer.Argument(metavar="OLD.json", help="A run saved with --export run.json.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json", help="Another of the same scenario.")],
    threshold: Annotated[str, typer.Option(metavar="SHARE", help="A change up to this is none.")] = "5%",
    fail_if: opt.FailIf = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Compare two saved runs; the exit code is 1 if anything became worse."""
    from stampede.core.units import share

    margin = share(threshold)

    from stampede.cli import difference

    return difference.diff(old, new, margin, fail_if or (), json, quiet)
