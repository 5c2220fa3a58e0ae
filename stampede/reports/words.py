"""What was seen, in words."""

from __future__ import annotations

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.measure.apart import apart
from stampede.measure.run import FAKE_SLOW, Run
from stampede.measure.summary import Row, wasted
from stampede.measure.validity import store_failed
from stampede.protection.promise import Scope
from stampede.protection.strategy import Strategy

NOTHING_MEASURED = "interrupted before the first trial had ended: nothing was measured"


def sentence(run: Run) -> str:
    """A sentence or two for the whole run: who got nothing, what the database saw, whom the trials recommend."""
    rows = [row for row in run.summary if row.valid]
    if not run.summary:
        return "Nothing was measured."
    if not rows:
        return "No trial is valid, so nothing can be said about the strategies."
    if all(row.value("ok_p99_ms") is None for row in rows):
        return f"Nobody got a value, and the database was hit up to {max(map(_hits, rows)):,.0f} times."
    failures = "".join(f"{_failed(row)}. " for row in rows if row.value("failed"))
    if all(row.db_hits_ideal == 0 for row in rows):
        return failures + _of_hits(rows)
    parts = [part for part in (_unprotected(rows), _per_instance(rows), _ideal(rows)) if part]
    return failures + "; ".join(parts or [_nearest(rows)]) + ". " + (_without_store(run) or _fastest(run, rows))


def _without_store(run: Run) -> str:
    """Whether nobody can be recommended: who needs the store most suffered most, and who needs it least did not."""
    failed = (store_failed(trial.store_errors, trial.degraded, trial.requests) for trial in run.trials)
    if run.scenario.troubles_store or not any(failed):
        return ""
    return "No strategy is recommended, for the store failed and no event asked for that."


def _failed(row: Row) -> str:
    return f"With {row.strategy} {row.value('failed'):,.0f} of {row.requests:,} callers got no value"


def told(run: Run) -> list[str]:
    """What was seen, and the verdicts, which say it better than the sentence after a comparison or a sweep."""
    if run.comparison is not None or any(trial.swept for trial in run.trials):
        return run.verdicts
    return [sentence(run), *run.verdicts]


def _of_hits(rows: list[Row]) -> str:
    loaded = [row for row in rows if _hits(row)]
    if loaded:
        return f"The cache was warm, and yet the database was hit with {_names(loaded)}."
    answered = _by_p99([row for row in rows if not row.value("failed")])
    if not answered:
        return "The database saw no load."
    low, high = answered[0], answered[-1]
    text = f"Everybody hit and the database saw no load; p99 {_p99(low)} with {low.strategy}"
    return text + (f", {_p99(high)} with {high.strategy}." if high is not low else ".")


def _unprotected(rows: list[Row]) -> str:
    worst = max(rows, key=_hits)
    if _hits(worst) <= worst.db_hits_ideal or _hits(worst) <= worst.instances * worst.db_hits_ideal:
        return ""
    return (
        f"With {worst.strategy} {worst.requests:,} requests became {_hits(worst):,.0f} DB hits "
        f"where {worst.db_hits_ideal:,} would do ({_fate(worst)}p99 {_p99(worst)})"
    )


def _fate(row: Row) -> str:
    """What became of the loads, where not all were executed."""
    if not wasted(row):
        return ""
    abandoned = row.value("db_abandoned")  # None: of a database of one's own nobody knows
    also = "" if abandoned is None else f", {abandoned:,.0f} abandoned"
    return f"{row.value('db_executed'):,.0f} executed{also}; "


def _one_each(row: Row) -> bool:
    """Whether every process loaded once, and by its strategy's promise: else the number is a coincidence."""
    if row.instances == 1 or _amplification(row) != row.instances:
        return False
    try:
        choice = registry.load("coalescing", Strategy.parse(row.strategy).coalescing.name)
    except UsageError:  # a plug-in that is not installed here
        return False
    return choice.promise.loads is Scope.INSTANCE


def _per_instance(rows: list[Row]) -> str:
    local = [row for row in rows if _one_each(row)]
    return f"{_names(local)} left one per instance, {_hits(local[0]):,.0f}" if local else ""


def _nearest(rows: list[Row]) -> str:
    best = min(_served(rows) or rows, key=_amplification)
    return (
        f"{best.strategy} came nearest to the ideal, {_hits(best):,.0f} DB hits where {best.db_hits_ideal:,} would do"
    )


def _ideal(rows: list[Row]) -> str:
    """A stale answer may cost less than the ideal, so at most that is as good as it; no answer costs nothing."""
    ideal = [row for row in _served(rows) if 0 < _amplification(row) <= 1]
    return f"{_names(ideal)} reached the ideal {ideal[0].db_hits_ideal:,}" if ideal else ""


def _served(rows: list[Row]) -> list[Row]:
    """Those that left hardly anybody without a value."""
    return [row for row in rows if not row.bounded_below]


def _fastest(run: Run, rows: list[Row]) -> str:
    """The lowest p99 among those that spared the database most: a winner only if its trials are apart.

    Who leaves callers without a value is never recommended, as long as anybody does not.
    """
    kept = [row for row in rows if not row.value("failed")] or rows
    fewest = max(1.0, min(map(_amplification, kept)))
    answered = _by_p99([row for row in kept if _amplification(row) <= fewest])
    if not answered:
        return "Of those that answered everybody, none has a latency."
    best, *others = answered
    where = ""
    if run.environment.get("database") == FAKE_SLOW:
        where = f" in front of a database that takes {run.scenario.database.latency}"
    if not others:
        return f"{best.strategy} had p99 {_p99(best)}{where}."
    many = f"Of the {len(answered)} that spared the database most"
    tied = [row for row in others if not apart(run, best, row)]
    if not tied:
        return f"{many}, {best.strategy} had the lowest p99: {_p99(best)}{where}."
    low, high = _p99(best).removesuffix(" ms"), _p99(tied[-1])
    return f"{many}, no difference in p99 is shown between {_names([best, *tied])}: {low} to {high}{where}."


def _by_p99(rows: list[Row]) -> list[Row]:
    return sorted(
        (r for r in rows if r.value("latency_p99_ms") is not None),
        key=lambda r: r.value("latency_p99_ms") or 0,
    )


def _hits(row: Row) -> float:
    return row.value("db_hits") or 0.0


def _amplification(row: Row) -> float:
    return row.value("amplification") or 0.0


def _p99(row: Row) -> str:
    p99 = row.value("latency_p99_ms")
    return "unknown" if p99 is None else f"{'≥ ' * row.bounded_below}{p99:,.0f} ms"


def _names(rows: list[Row]) -> str:
    names = [row.strategy for row in rows]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def facts(run: Run) -> dict[str, str]:
    """Where and when it was measured, and with what: what a reader needs to judge the figures or to repeat them."""
    rows = {"stampede": run.stampede, "measured": run.created, "seed": str(run.seed)}
    for name, value in run.environment.items():
        rows[name] = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
    return rows
