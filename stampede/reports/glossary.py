"""What the columns of exports mean."""

from __future__ import annotations

import tomllib
from importlib.resources import files

HEADINGS = {
    "trials": "--export out.csv: one row per trial; the JSON's trials have the same names. An empty cell: nobody "
    "had it, or nobody could see it. What a sweep set stands before the reasons.",
    "ratios": "--export out.ratios.csv of a comparison: one row per strategy and metric",
    "requests": "--requests out.csv or out.jsonl: one row per request",
}


def columns() -> dict[str, dict[str, str]]:
    """For each kind of file its columns with their meanings."""
    text = files("stampede.reports").joinpath("columns.toml").read_text("utf-8")
    known: dict[str, dict[str, str]] = tomllib.loads(text)
    return known
