"""One row per trial."""

from __future__ import annotations

import csv
import io

from stampede.core.metrics import In, shown_in
from stampede.measure.point import point
from stampede.measure.run import Run
from stampede.measure.trial import ORDER
from stampede.reports.spreadsheet import row

_METRICS = tuple(shown_in(In.CSV))
_FIXED = _METRICS.index("duration_s") + 1
COLUMNS = (*ORDER[: ORDER.index("requests")], *_METRICS[:_FIXED], "valid", *_METRICS[_FIXED:])

LAST = "reasons"
"""Why a trial is INVALID; words stand behind the figures."""


def render(run: Run) -> bytes:
    """One line per trial, a sweep's parameters and why it is INVALID at its end; an empty cell: nobody had it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    points = [point(trial.swept) for trial in run.trials]
    # Callers and instances have columns in every run.
    swept = [name for name in dict.fromkeys(name for each in points for name in each) if name not in COLUMNS]
    writer.writerow(row([*COLUMNS, *swept, LAST]))
    for trial, at in zip(run.trials, points, strict=True):
        figures = (_cell(getattr(trial, name)) for name in COLUMNS)
        writer.writerow(row([*figures, *map(at.get, swept), "; ".join(trial.reasons)]))
    return text.getvalue().encode()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
