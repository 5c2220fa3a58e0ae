"""The run as a Rich table for the terminal, readable from 80 columns on."""

from __future__ import annotations

from collections.abc import Callable

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from stampede.core.scenario import DatabaseSetup, from_data
from stampede.measure.run import FAKE_SLOW, Run
from stampede.measure.summary import Row
from stampede.reports.words import sentence


def show(run: Run, console: Console) -> None:
    """Print the table, the sentence and the notes."""
    console.print(renderable(run))


def renderable(run: Run) -> RenderableType:
    """Everything that a run prints."""
    parts: list[RenderableType] = [heading(run)]
    if run.summary:
        parts += [_table(run.summary), Text(sentence(run)), *notes(run)]
    return Group(*parts)


def heading(run: Run) -> Text:
    """What was fired at what."""
    scenario = from_data(run.scenario)
    work, database, trials = scenario.workload, scenario.database, scenario.trials
    return Text.from_markup(
        f"[bold]{escape(scenario.name)}[/]: {work.concurrency:,} requests ({work.arrivals}, {work.keys}) over "
        f"{_many(scenario.fleet.instances, 'instance')}, {escape(_database(run, database))}, "
        f"{_many(trials, 'trial')}, seed {run.seed}"
    )


def _database(run: Run, model: DatabaseSetup) -> str:
    own = run.environment.get("database", FAKE_SLOW)
    if own != FAKE_SLOW:
        return f"database {own} (hits as the instances count them)"
    return f"database {model.latency} × {_many(model.connections, 'connection')}"


def _table(rows: list[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0), collapse_padding=True)
    table.add_column("strategy", overflow="fold")
    for title, _ in _COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        style = "" if row.valid else "dim"
        table.add_row(Text(row.strategy), *(cell(row) for _, cell in _COLUMNS), style=style)
    return table


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
            result.append(Text(f"{row.strategy}: {what}: {'; '.join(row.reasons)}", style="bold red"))
        result += [Text(f"{row.strategy}: warning: {text}", style="yellow") for text in row.warnings]
    result += [Text(f"{strategy}: {text}", style="yellow") for strategy, text in _errors(run)]
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


_COLUMNS: list[tuple[str, Callable[[Row], str]]] = [
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
