"""Options that several commands share, and how they change a scenario."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stampede.cli import completion
from stampede.core.units import Duration


def duration(text: str) -> Duration:
    """A duration option's value. Raises UsageError."""
    return Duration.parse(text)


Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--strategy",
        metavar="SPEC",
        help="Measure this strategy (repeatable).",
        show_default=False,
        autocompletion=completion.specs,
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option("-c", "--concurrency", metavar="N", min=1, help="Requests at once, over all instances."),
]
Instances = Annotated[
    int | None, typer.Option("-i", "--instances", metavar="N", min=1, help="Application processes.")
]
DbLatency = Annotated[
    str | None,
    typer.Option(metavar="LATENCY", help="Time of one load: 100ms, or lognormal(median=100ms,sigma=0.5)."),
]
DbConnections = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Loads that the database works on at once.")
]
Ttl = Annotated[Duration | None, typer.Option(parser=duration, metavar="DURATION", help="How long values live.")]
Trials = Annotated[int | None, typer.Option("-n", "--trials", metavar="N", min=1, help="Trials of each strategy.")]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, max=2**63 - 1, help="Seed of all randomness (printed; else random)."),
]
Redis = Annotated[
    str | None,
    typer.Option(
        "--redis", metavar="URL", envvar="STAMPEDE_REDIS_URL", help="Your Redis instead of the embedded one."
    ),
]
RedisServer = Annotated[str | None, typer.Option(metavar="PATH", help="Embed this server binary instead.")]
RedisPool = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="One of N pooled connections per command, instead of one pipeline per tick."
    ),
]
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Your database (an SQLAlchemy async URL) instead of the fake-slow one."),
]
Query = Annotated[str | None, typer.Option(metavar="SQL", help="What --database runs for a load; may use :key.")]
Exports = Annotated[
    list[Path] | None,
    typer.Option("-e", "--export", metavar="FILE", help="Write the run as .csv, .json, .md or .html (repeatable)."),
]
CalibrationExports = Annotated[
    list[Path] | None,
    typer.Option("-e", "--export", metavar="FILE", help="Write the calibration as .csv or .json (repeatable)."),
]
RequestsFile = Annotated[
    Path | None, typer.Option("--requests", metavar="FILE", help="Write every request as .csv or .jsonl.")
]
Plot = Annotated[bool, typer.Option("--plot", help="Draw the database's load and the latencies, too.")]
Json = Annotated[bool, typer.Option("--json", help="Print the run as JSON instead of the table.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]
FailIf = Annotated[
    list[str] | None,
    typer.Option("--fail-if", metavar="EXPR", help="Exit with 1 if this holds, as 'db_hits > 1' (repeatable)."),
]
Sweep = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep", metavar="NAME=VALUE,VALUE…", help="Measure at each of these values (repeatable: all combinations)."
    ),
]


def seed_or_random(seed: int | None) -> int:
    """The seed to use and to print."""
    return secrets.randbelow(1_000_000) if seed is None else seed


def scenario(
    name: str,
    strategies: Sequence[str] | None = None,
    trials: int | None = None,
    concurrency: int | None = None,
    instances: int | None = None,
    db_latency: str | None = None,
    db_connections: int | None = None,
    ttl: Duration | None = None,
    copies: bool = False,
) -> Any:
    """The named scenario with the options that were given; without `copies` each strategy once. Raises UsageError."""
    from stampede.origins.latency import Latency
    from stampede.protection.strategy import Strategy
    from stampede.scenario import checking, reading

    specs = [Strategy.parse(spec) for spec in strategies or ()]
    chosen = override(
        reading.load(name),
        {
            ("strategies",): tuple(specs if copies else dict.fromkeys(specs)) or None,
            ("trials",): trials,
            ("workload", "concurrency"): concurrency,
            ("fleet", "instances"): instances,
            ("database", "latency"): None if db_latency is None else Latency.parse(db_latency),
            ("database", "connections"): db_connections,
            ("cache", "ttl"): ttl,
        },
    )
    checking.check(chosen)
    return chosen


def override(scenario: Any, changes: dict[tuple[str, ...], Any]) -> Any:
    """The scenario with the options that were given; keys are paths into it, None means not given."""
    import msgspec

    for (section, *rest), value in changes.items():
        if value is None:
            continue
        if rest:
            value = msgspec.structs.replace(getattr(scenario, section), **{rest[0]: value})
        scenario = msgspec.structs.replace(scenario, **{section: value})
    return scenario
