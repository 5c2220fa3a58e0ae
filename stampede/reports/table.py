"""The run as a Rich table for the terminal, readable from 80 columns on."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from typing import Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from stampede.measure.expected import Reproduced, reproduced
from stampede.measure.run import FAKE_SLOW, Run
from stampede.measure.summary import Row
from stampede.reports import comparison
from stampede.reports.words import told
from stampede.scenario.model import DatabaseSetup, Workload

NAME_WIDTH = 17
"""The longest name of a single choice, `redis-lock-notify`, fits."""

Columns = list[tuple[str, Callable[[Row], str]]]


def show(run: Run, console: Console, plot: bool = False) -> None:
    """Print the table, the sentence and the notes; and plots, if they are asked for."""
    console.print(renderable(run))
    if plot:
        from stampede.reports.plot import render

        console.print("\n" + render(run), markup=False, soft_wrap=True)


def renderable(run: Run) -> RenderableType:
    """Everything that a run prints."""
    parts: list[RenderableType] = [heading(run)]
    if run.summary:
        parts += [_table(run.summary, _COLUMNS)]
        for more in _over_time(run):
            parts += [Text(""), _table(run.summary, more)]
        parts += [*comparison.parts(run), *_told(run), *_expected(run), *notes(run)]
    return Group(*parts)


def _told(run: Run) -> list[RenderableType]:
    """What was seen, in words, and a sweep's plots."""
    lines: list[RenderableType] = [Text(line, style="bold" if line in run.verdicts else "") for line in told(run)]
    if any(trial.swept for trial in run.trials):
        from stampede.reports import sweep

        return [*sweep.parts(run), *lines]
    return lines


def heading(run: Run) -> Text:
    """What was fired at what."""
    scenario = run.scenario
    work, database, trials = scenario.workload, scenario.database, scenario.trials
    return Text.assemble(
        (scenario.name, "bold"),
        f": {_callers(work)}{work.arrivals}, keys {work.keys}, over {_many(scenario.fleet.instances, 'instance')}, "
        f"{_database(run, database)}, {_many(trials, 'trial')}, seed {run.seed}{_swept(run)}",
    )


def _swept(run: Run) -> str:
    values: dict[str, dict[str, None]] = {}
    for trial in run.trials:
        for name, value in trial.swept.items():
            values.setdefault(name, {})[value] = None
    return "; swept: " * bool(values) + " × ".join(f"{name} {', '.join(each)}" for name, each in values.items())


def _database(run: Run, model: DatabaseSetup) -> str:
    own = run.environment.get("database", FAKE_SLOW)
    if own != FAKE_SLOW:
        return f"database {own} (hits as the instances count them)"
    return f"database {model.latency} × {_many(model.connections, 'connection')}"


def _callers(work: Workload) -> str:
    return "" if work.concurrency is None else f"{work.concurrency:,} callers, "


def _lasts(run: Run) -> bool:
    """Whether there is more to tell than one instant shows."""
    scenario = run.scenario
    return bool(scenario.workload.arrivals.length() or scenario.events or scenario.workload.writes)


EXPECTED = ("strategy", "metric", "expected", "measured", "ratio", "source")


def expected_cells(each: Reproduced) -> tuple[str, ...]:
    """A published or derived figure beside the measured one, below the titles `EXPECTED`."""
    ratio = "–" if each.ratio is None else f"{each.ratio:.2f}"
    return each.strategy, each.metric, _number(each.expected), _number(each.measured), ratio, each.source


def _expected(run: Run) -> list[RenderableType]:
    compared = reproduced(run)
    if not compared:
        return []
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in EXPECTED:
        justify: Literal["left", "right"] = "left" if name in ("strategy", "metric", "source") else "right"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name == "metric")
    for each in compared:
        strategy, *cells = expected_cells(each)
        table.add_row(Text(_folded(strategy)), *map(Text, cells), style="" if each.agrees else "yellow")
    return [Text(""), table]


def columns(run: Run) -> Columns:
    """All columns, for where there is room for one wide table."""
    return [*_COLUMNS, *chain(*_over_time(run))]


def title(heading: str) -> str:
    """A column's heading on one line, where it need not be narrow."""
    return heading.replace("-\n", "").replace("\n", " ")


def _table(rows: list[Row], columns: Columns) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0), collapse_padding=True)
    table.add_column("strategy", overflow="fold")
    for heading, _ in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        style = "" if row.valid else "dim"
        table.add_row(Text(_folded(row.label)), *(cell(row) for _, cell in columns), style=style)
    return table


def _folded(spec: str) -> str:
    """A mix over several lines, broken where its parts meet."""
    lines = [""]
    for part in re.split(r"(?<=\+)(?![^(]*\))", spec):
        if lines[-1] and len(lines[-1] + part) > NAME_WIDTH:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def notes(run: Run) -> list[Text]:
    """What a reader must know to trust the figures, or not to."""
    lines = []
    if run.floor is not None:
        floor = run.floor
        lines.append(
            f"harness floor (a warm hit, same burst): p50 {_ms(floor.latency_p50_ms)}, "
            f"p99 {_ms(floor.latency_p99_ms)} ms; loop lag up to "
            f"{_ms(max([t.loop_lag_ms for t in run.trials], default=0.0))} ms"
        )
    if any(not row.rests_on_enough(0.99) for row in run.summary):
        lines.append("~ rests on fewer than five requests beyond the percentile")
    result = [Text(line, style="dim") for line in lines]
    for row in run.summary:
        if row.reasons:
            what = "INVALID" if not row.valid else f"{row.trials - row.valid} of {row.trials} trials INVALID"
            result.append(Text(f"{row.label}: {what}: {'; '.join(row.reasons)}", style="bold red"))
        result += [Text(f"{row.label}: warning: {text}", style="yellow") for text in row.warnings]
    result += [Text(f"{strategy}: {text}", style="yellow") for strategy, text in _errors(run)]
    result += [Text(f"warning: {text}", style="yellow") for text in run.warnings]
    if run.interrupted:
        result.append(Text("interrupted: only the trials that had ended are shown", style="bold yellow"))
    return result


def _errors(run: Run) -> list[tuple[str, str]]:
    totals: dict[tuple[str, str], int] = {}
    for trial in run.trials:
        for message, count in trial.error_messages.items():
            totals[trial.strategy, message] = totals.get((trial.strategy, message), 0) + count
    return [(strategy, f"{_many(count, 'error')}: {message}") for (strategy, message), count in totals.items()]


def _hits(row: Row) -> str:
    return f"{_number(row.value('db_hits'))}/{_number(row.db_hits_ideal)}"


def _amplification(row: Row) -> str:
    return f"{_number(row.value('amplification'))}×" if row.db_hits_ideal else "–"


def _peak(row: Row) -> str:
    queued = row.value("db_peak_queued")
    return _number(row.value("db_peak_in_flight")) + (f"+{_number(queued)}" if queued else "")


def _latency(metric: str, quantile: float) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        mark = "" if row.rests_on_enough(quantile) else "~"
        return mark + _ms(row.value(metric))

    return cell


def _failures(row: Row) -> str:
    return _number((row.value("errors") or 0) + (row.value("timeouts") or 0))


def _commands(row: Row) -> str:
    return f"{(row.value('redis_commands') or 0) / max(1, row.requests):.2f}"


def _valid(row: Row) -> str:
    if row.valid == row.trials:
        return "yes"
    return f"{row.valid}/{row.trials}" if row.valid else "NO"


def _percent(metric: str, of: str | None = None) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        value = row.value(metric)
        if value is None:
            return "–"
        return f"{100 * value / (max(1, row.requests) if of else 1):.1f}"

    return cell


def _plain(metric: str) -> Callable[[Row], str]:
    return lambda row: _number(row.value(metric))


def _recovery(row: Row) -> str:
    spread = row.metrics.get("recovery_s")
    return "never" if spread is None else f"{spread.median:.2f}"


def _over_time(run: Run) -> list[Columns]:
    """What there is to tell beside one instant, in tables that are narrow enough."""
    scenario = run.scenario
    if not _lasts(run):
        return []
    staleness = _STALENESS if scenario.workload.writes else []
    recovery = [("recov-\nered s", _recovery)] if scenario.events else []
    return [_LIFETIMES, [*staleness, *recovery]] if staleness or recovery else [_LIFETIMES]


_LIFETIMES: Columns = [
    ("requests", lambda row: f"{row.requests:,}"),
    ("hit\n%", _percent("hit_ratio")),
    ("epochs", _plain("epochs")),
    ("loads/\nepoch", _plain("loads_per_epoch_mean")),
    ("±\n95 %", _plain("loads_per_epoch_ci95")),
    ("max", _plain("loads_per_epoch_max")),
    ("DB\nbusy s", _plain("db_busy_s")),
    ("wait-\ners", _plain("waiters_peak")),
]

_STALENESS: Columns = [
    ("stale\n%", _percent("stale", of="requests")),
    ("stale\np99 ms", lambda row: _ms(row.value("staleness_p99_ms"))),
    ("stale\nmax ms", lambda row: _ms(row.value("staleness_max_ms"))),
]

_COLUMNS: Columns = [
    ("DB hits\n/ideal", _hits),
    ("ampli-\nfied", _amplification),
    ("peak\n+queue", _peak),
    ("p50\nms", _latency("latency_p50_ms", 0.5)),
    ("p90\nms", _latency("latency_p90_ms", 0.9)),
    ("p99\nms", _latency("latency_p99_ms", 0.99)),
    ("max\nms", lambda row: _ms(row.value("latency_max_ms"))),
    ("err", _failures),
    ("cmd\n/req", _commands),
    ("spread\nms", lambda row: _ms(row.value("arrival_spread_ms"))),
    ("va-\nlid", _valid),
]


def _ms(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
