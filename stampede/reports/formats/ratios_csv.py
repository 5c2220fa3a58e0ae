"""A comparison, one row per strategy and metric."""

from __future__ import annotations

import csv
import io

from stampede.core.errors import ExportFailed
from stampede.measure.run import Run
from stampede.reports.spreadsheet import row

COLUMNS = (
    *("scenario", "reference", "strategy", "metric", "ratio", "low", "high", "p", "pairs", "dropped"),
    *("bad_reference", "bad", "verdict"),
)


def render(run: Run) -> bytes:
    """What is unknown is an empty cell. Raises ExportFailed if nothing was compared."""
    if run.comparison is None:
        raise ExportFailed(
            "nothing was compared: .ratios.csv is for stampede compare, .csv has the trials of any run"
        )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in run.comparison.strategies:
        for ratio in each.ratios:
            head = (run.scenario.name, run.comparison.reference, each.strategy, ratio.metric)
            figures = (ratio.ratio, ratio.low, ratio.high, ratio.p, ratio.pairs, each.dropped)
            writer.writerow(row([*head, *figures, *(ratio.bad or (None, None)), ratio.verdict]))
    return text.getvalue().encode()
