"""Options that several commands share, in groups."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stampede.cli import completion
from stampede.core.errors import UsageError
from stampede.core.units import Duration

if TYPE_CHECKING:
    from stampede.engine import bench
    from stampede.scenario.model import Scenario


def duration(text: str) -> Duration:
    """A duration option's value. Raises UsageError."""
    return Duration.parse(text)


DEFAULT_SCENARIO = "cold-burst"
SCENARIO_HELP = "A shipped scenario's name, or a .toml file."

ScenarioName = Annotated[str, typer.Argument(help=SCENARIO_HELP, autocompletion=completion.scenarios)]
ScenarioOption = Annotated[
    str, typer.Option(metavar="SCENARIO", help=SCENARIO_HELP, autocompletion=completion.scenarios)
]
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
Instances = Annotated[
    int | None, typer.Option("-i", "--instances", metavar="N", min=1, help="Application processes.")
]
Trials = Annotated[int | None, typer.Option("-n", "--trials", metavar="N", min=1, help="Trials of each strategy.")]
Exports = Annotated[
    list[Path] | None,
    typer.Option(
        "-e",
        "--export",
        metavar="FILE",
        help="Write the run as .csv, .json, .md or .html (repeatable), .json and .csv after every round; - or -.csv "
        "prints it instead of the table.",
    ),
]
Requests = Annotated[
    Path | None, typer.Option("--requests", metavar="FILE", help="Write every request as .csv or .jsonl.")
]
Plot = Annotated[bool, typer.Option("--plot", help="Draw the database's load and the latencies, too.")]
Details = Annotated[bool, typer.Option("--details", help="Show intervals, costs and the latency by role, too.")]
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
MayEvict = Annotated[
    bool, typer.Option("--may-evict", help="Measure also where your Redis would evict its own keys for it.")
]
RedisServer = Annotated[str | None, typer.Option(metavar="PATH", help="Embed this server binary instead.")]


def seed_or_random(seed: int | None) -> int:
    """The seed to use and to print."""
    return secrets.randbelow(1_000_000) if seed is None else seed


@dataclass(frozen=True)
class Changes:
    """What is changed in the scenario. The fields are the names of `stampede.scenario.overrides.PARAMETERS`."""

    concurrency: Annotated[
        int | None,
        typer.Option("-c", "--concurrency", metavar="N", min=1, help="Requests at once, over all instances."),
    ] = None
    instances: Instances = None
    db_latency: Annotated[
        str | None,
        typer.Option(metavar="LATENCY", help="Time of one load: 100ms, or lognormal(median=100ms,sigma=0.5)."),
    ] = None
    db_connections: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Loads that the database works on at once.")
    ] = None
    db_cancel: Annotated[
        bool | None,
        typer.Option(
            "--db-cancel/--no-db-cancel", help="Whether a client that gives up has the database drop its load."
        ),
    ] = None
    ttl: Annotated[
        Duration | None, typer.Option(parser=duration, metavar="DURATION", help="How long values live.")
    ] = None
    redis_pool: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="One of N pooled connections per command; 0, the default: one pipeline per tick."
        ),
    ] = None

    def scenario(
        self, name: str, strategies: Sequence[str], trials: int | None = None, *, copies: bool = False
    ) -> Scenario:
        """The named scenario, so changed; without `copies` each strategy once. Raises UsageError."""
        import msgspec

        from stampede.protection.strategy import Strategy
        from stampede.scenario import checking, overrides, reading

        chosen = [Strategy.parse(spec) for spec in strategies]
        chosen = chosen if copies else list(dict.fromkeys(chosen))
        written = {name.replace("_", "-"): value for name, value in vars(self).items() if value is not None}
        values = {name: overrides.PARAMETERS[name].parse(str(value)) for name, value in written.items()}
        scenario = overrides.override(reading.load(name), values)
        if chosen:
            scenario = msgspec.structs.replace(scenario, strategies=tuple(chosen))
        if trials is not None:
            scenario = msgspec.structs.replace(scenario, trials=trials)
        checking.check(scenario)
        return scenario


@dataclass(frozen=True)
class Servers:
    """What is measured against."""

    redis: Redis = None
    may_evict: MayEvict = False
    redis_server: RedisServer = None
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Your database (SQLite or PostgreSQL, an SQLAlchemy async URL) instead of the fake-slow one; "
            "with --query, STAMPEDE_DATABASE_URL stands for it.",
        ),
    ] = None
    database_password_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Has the database's password; STAMPEDE_DATABASE_PASSWORD has it, too."),
    ] = None
    query: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="What --database runs for a load; :key is the key's number, from 0."),
    ] = None
    keys_from: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="A query whose first column has the values of :key, in place of numbers."),
    ] = None

    def chosen(self) -> bench.Servers:
        """The servers that the options name. Raises UsageError where they contradict each other."""
        from stampede.cli.database_url import database_url
        from stampede.engine import bench
        from stampede.origins.query import Query

        if self.redis_server and self.redis:
            raise UsageError("--redis-server starts a server and --redis names a running one: give one of them")
        database = database_url(self.database, self.database_password_file, queried=self.query is not None)
        if (database is None) != (self.query is None):
            raise UsageError("--database and --query go together: the query is what one load runs")
        if self.keys_from is not None and self.query is None:
            raise UsageError("--keys-from gives the values of :key in --query: give --database and --query, too")
        query = None if self.query is None else Query(self.query, self.keys_from)
        return bench.Servers(self.redis or None, self.redis_server, database, query, self.may_evict)


@dataclass(frozen=True)
class Output:
    """Where the results go."""

    export: Exports = None
    requests: Requests = None
    fail_if: FailIf = None
    details: Details = False
    json: Json = False
    quiet: Quiet = False
