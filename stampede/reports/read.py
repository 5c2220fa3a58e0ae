"""A saved run, read back."""

from __future__ import annotations

from pathlib import Path

import msgspec

from stampede.core.errors import UsageError
from stampede.measure.run import Run


def read(path: Path) -> Run:
    """Read what `--export run.json` wrote.

    Raises:
        UsageError: the file cannot be read, is no run, or has no trials.
    """
    try:
        run = msgspec.json.decode(path.read_bytes(), type=Run)
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {error.strerror}: name a run saved with --export run.json") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UsageError(f"'{path}' is no run ({error}): save one with stampede run --export run.json") from None
    if not run.trials:
        raise UsageError(f"'{path}' has no trials: run it again")
    return run
