"""What the columns of exports and the headings of tables mean."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

HEADINGS = {
    "trials": "--export out.csv: one row per trial; the JSON's trials have the same names. An empty cell: nobody "
    "had it, or nobody could see it. What a sweep set stands before the reasons.",
    "ratios": "--export out.ratios.csv of a comparison: one row per strategy and metric",
    "requests": "--requests out.csv or out.jsonl: one row per request",
}
OF_TABLES = "Headings of tables, where they are no names of columns"


def columns() -> dict[str, dict[str, str]]:
    """For each kind of file its columns with their meanings."""
    return _read("columns.toml")


def headings() -> dict[str, str]:
    """The headings of tables, on one line, that have no other name, with their meanings."""
    return _read("headings.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("stampede.reports").joinpath(name).read_text("utf-8"))
