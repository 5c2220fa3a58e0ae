"""What a reader must know to trust the figures of a run, or not to: a line each, below its table."""

from __future__ import annotations

from rich.text import Text

from stampede.core.text import visible
from stampede.measure.kinds import by_kind
from stampede.measure.run import Run
from stampede.reports.cells import many, milliseconds
from stampede.scenario.model import FleetSetup


def of(run: Run) -> list[Text]:
    """How it was measured, and what speaks against it."""
    return [*(Text(line, style="dim") for line in _how_measured(run)), *_objections(run)]


def _how_measured(run: Run) -> list[str]:
    lines = []
    if run.floor is not None:
        floor = run.floor
        lines.append(
            f"harness floor (a warm hit, same burst): p50 {milliseconds(floor.latency_p50_ms)}, "
            f"p99 {milliseconds(floor.latency_p99_ms)} ms; loop lag up to "
            f"{milliseconds(max([t.loop_lag_ms for t in run.trials], default=0.0))} ms"
        )
    if run.summary and run.scenario.workload.arrivals.paced:
        p50, p99 = (max(row.value(lag) or 0.0 for row in run.summary) for lag in ("lag_p50_ms", "lag_p99_ms"))
        lines.append(f"requests started up to {p50:.1f} (p50) and {p99:.1f} ms (p99) late: the latencies include it")
    if collection := run.environment.get("garbage collection"):
        lines.append(f"Redis commands travel in {_redis_commands(run)}; garbage collection is {collection}")
    if any(row.bounded_below for row in run.summary):
        lines.append(
            "≥ is the least that was felt: more than 1 % of the callers got no value, and count until that was known"
        )
    if any(not row.rests_on_enough(0.99) for row in run.summary):
        lines.append("~ rests on fewer than five requests beyond the percentile")
    return lines


def _objections(run: Run) -> list[Text]:
    result = []
    for row in run.summary:
        if row.reasons:
            what = "INVALID" if not row.valid else f"{row.trials - row.valid} of {row.trials} trials INVALID"
            result.append(Text(f"{row.label}: {what}: {'; '.join(row.reasons)}", style="bold red"))
        result += [Text(f"{row.label}: warning: {text}", style="yellow") for text in row.warnings]
    result += [Text(f"{strategy}: {text}", style="yellow") for strategy, text in _errors(run)]
    result += [
        Text(f"{name}: could not be measured: {why}", style="bold red") for name, why in run.unmeasured.items()
    ]
    result += [Text(f"warning: {text}", style="yellow") for text in run.warnings]
    if run.interrupted:
        result.append(Text("interrupted: only the trials that had ended are shown", style="bold yellow"))
    return result


def _redis_commands(run: Run) -> str:
    swept = dict.fromkeys(trial.swept["redis-pool"] for trial in run.trials if "redis-pool" in trial.swept)
    if swept:
        return " or ".join(FleetSetup(redis_pool=int(pool)).redis_commands for pool in swept)
    # Runs were once saved without the pool in their scenario.
    return str(run.environment.get("redis commands", run.scenario.fleet.redis_commands))


def _errors(run: Run) -> list[tuple[str, str]]:
    """Of each strategy, and each kind of its errors, the first one."""
    seen: dict[str, list[dict[str, int]]] = {}
    for trial in run.trials:
        seen.setdefault(trial.strategy, []).append(trial.error_messages)
    return [
        (strategy, f"{many(count, 'error')}: {visible(message)}")
        for strategy, counted in seen.items()
        for message, count in by_kind(counted).items()
    ]
