"""One row per trial."""

from __future__ import annotations

import csv
import io

from stampede.measure.run import Run
from stampede.measure.trial import Trial

LAST = "lag_p99_ms"
COLUMNS = Trial.__struct_fields__[: Trial.__struct_fields__.index(LAST) + 1]


def render(run: Run) -> bytes:
    """One line per trial; what nobody had, or nobody could see, is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for trial in run.trials:
        writer.writerow([_cell(getattr(trial, name)) for name in COLUMNS])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
