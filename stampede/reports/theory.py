"""The fake database against theory, for the terminal and for files."""

from __future__ import annotations

import csv
import io

import msgspec
from rich.console import Console

from stampede.measure.theory import Row, TheoryCheck
from stampede.reports.cells import number, plain_table

FIGURES = ("theory", "measured", "error", "asked")
TITLES = ("check", *FIGURES, "ok")


def show(check: TheoryCheck, console: Console) -> None:
    """Print one table and what follows from it."""
    table = plain_table(TITLES, right=FIGURES, fold=("check",))
    for row in check.rows:
        table.add_row(
            row.what,
            number(row.theory),
            f"{number(row.measured)} {row.unit}",
            f"{row.error:+.1%}",
            f"±{row.bound:.0%}",
            "yes" if row.ok else "NO",
        )
    console.print(table)
    for line in sentences(check):
        console.print(line, markup=False)


def sentences(check: TheoryCheck) -> list[str]:
    """What the figures mean."""
    beyond = [row for row in check.rows if not row.ok]
    lines = [f"{len(check.rows) - len(beyond)} of {len(check.rows)} checks are within what is asked."]
    if beyond:
        worst = max(beyond, key=lambda row: abs(row.error) / row.bound)
        lines.append(
            f"The farthest off is {worst.what} ({worst.error:+.1%}): end other programs and try again; "
            "if it stays, do not believe such a database on this machine."
        )
    lines += [f"Warning: {warning}." for warning in check.warnings]
    if check.interrupted:
        lines.append("Interrupted: only what had been measured is shown.")
    return lines


def render_json(check: TheoryCheck) -> bytes:
    """Everything."""
    return msgspec.json.format(msgspec.json.encode(check), indent=2) + b"\n"


def render_csv(check: TheoryCheck) -> bytes:
    """A line per check."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row.__struct_fields__)
    for row in check.rows:
        writer.writerow([*msgspec.structs.astuple(row)[:-1], str(row.ok).lower()])
    return text.getvalue().encode()


EXPORTS = {"csv": render_csv, "json": render_json}
