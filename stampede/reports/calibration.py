"""A calibration, for the terminal and for files."""

from __future__ import annotations

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from stampede.core.errors import UsageError
from stampede.core.files import read_now
from stampede.core.metrics import METRICS
from stampede.measure.between_runs import Spread
from stampede.measure.calibration import Calibration
from stampede.measure.statistics import FEWEST
from stampede.reports.cells import plain_table
from stampede.reports.formats import csv

TITLES = (
    "burst",
    "spread\nms",
    "worst\nms",
    "floor\np50 ms",
    "floor\np99 ms",
    "floor\nmax ms",
    "loop\nlag ms",
    "valid",
)


def show(calibration: Calibration, console: Console) -> None:
    """Print one table, if bursts were measured, and what follows from it all."""
    if calibration.sizes:
        console.print(_table(calibration))
    scenario = calibration.run.scenario
    for line in sentences(calibration, scenario.fleet.instances, str(scenario.database.latency)):
        console.print(line, markup=False)


def _table(calibration: Calibration) -> Table:
    table = plain_table(TITLES, right=TITLES, fold=TITLES)
    for row in calibration.sizes:
        figures = (
            row.spread_ms,
            row.spread_max_ms,
            row.floor_p50_ms,
            row.floor_p99_ms,
            row.floor_max_ms,
            row.loop_lag_ms,
        )
        table.add_row(f"{row.requests:,}", *(f"{x:.1f}" for x in figures), f"{row.valid}/{row.trials}")
    return table


def sentences(calibration: Calibration, instances: int, latency: str) -> list[str]:
    """What the figures mean."""
    lines = []
    if calibration.sizes:
        largest = calibration.largest_valid
        lines.append(
            f"Largest valid burst: {largest:,} requests over {instances} instances in front of a {latency} database."
            if largest
            else f"No burst is valid here in front of a {latency} database: this machine is too busy or too slow."
        )
    if (gets := calibration.gets) is not None:
        lines.append(
            f"Store: {gets.store_per_s:,.0f} GET/s, redis-py's pool of 50: {gets.pool_per_s:,.0f} GET/s, "
            f"{gets.ratio:.1f} times as many [{gets.ratio_min:.1f}, {gets.ratio_max:.1f}], with 50 in flight."
        )
    if calibration.memory:
        parts = ", ".join(f"{name} {used / 1000:.2f} kB" for name, used in calibration.memory.items())
        lines.append(f"Memory per request in flight, of 10,000: {parts}.")
    lines += [_in_words(each) for each in calibration.between]
    if calibration.run.interrupted:
        lines.append("Interrupted: only what had been measured is shown.")
    elif not (calibration.sizes or calibration.between):
        lines.append(f"The spread between runs is not known: no two runs have {FEWEST} valid trials of a strategy.")
    return lines


def _in_words(each: Spread) -> str:
    between, low, high, explained = (f"{100 * x:.2g}%" for x in (each.spread, each.low, each.high, each.explained))
    return (
        f"{METRICS[each.metric].label} of {each.runs} identical runs differs by {between} [{low}, {high}] from "
        f"one to another, beyond the {explained} that their trials explain."
    )


class _Saved(msgspec.Struct):
    """What is read of a calibration."""

    between: list[Spread] = []


def read_spreads(path: Path) -> dict[str, Spread]:
    """How far identical runs differ, by metric, of what `calibrate --between-runs --export FILE.json` wrote.

    Raises:
        UsageError: the file cannot be read, is no calibration, or has no spread between runs.
    """
    again = "save one with stampede calibrate --between-runs --export calibration.json"
    try:
        saved = msgspec.json.decode(read_now(path), type=_Saved)
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {error.strerror}: {again}") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UsageError(f"'{path}' is no calibration ({error}): {again}") from None
    if not saved.between:
        raise UsageError(f"'{path}' says nothing of the spread between runs: {again}")
    return {each.metric: each for each in saved.between}


def render_json(calibration: Calibration) -> bytes:
    """Everything, with the trials."""
    return msgspec.json.format(msgspec.json.encode(calibration, enc_hook=str), indent=2) + b"\n"


def render_csv(calibration: Calibration) -> bytes:
    """The trials, in the columns of every other run."""
    return csv.render(calibration.run)


EXPORTS = {"csv": render_csv, "json": render_json}
