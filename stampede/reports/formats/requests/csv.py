"""One line per request."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from stampede.reports.requests import COLUMNS, Recorded, rows
from stampede.reports.spreadsheet import row


def render(recorded: Recorded) -> Iterator[bytes]:
    """The file, trial by trial; a time that never came is an empty cell."""
    yield ",".join(COLUMNS).encode() + b"\n"
    for trial, requests in recorded:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(map(row, rows(trial, requests)))
        yield text.getvalue().encode()
